namespace Dwarf.Training.Runs;

/// <summary>The images of one step, in the order of its epoch, and how they are shared out over its passes.</summary>
/// <param name="First">its first image's place in the epoch</param>
/// <param name="Count">images of the step: the whole batch, or what an epoch's end leaves of it</param>
/// <param name="Most">images of one pass, at most</param>
public readonly record struct StepWindow(int First, int Count, int Most)
{
    /// <summary>Number of passes.</summary>
    public int Passes => (Count + Most - 1) / Most;

    /// <summary>The window of a step.</summary>
    /// <param name="step">which batch of the order, from 0</param>
    /// <param name="batch">images of a whole step</param>
    /// <param name="accumulate">passes of a whole step</param>
    /// <param name="total">images of the order</param>
    /// <returns>the window; passes of a step differ by less than one pass in size, only the last is smaller</returns>
    public static StepWindow Of(int step, int batch, int accumulate, int total)
    {
        int first = step * batch;
        return new(first, Math.Min(batch, total - first), (batch + accumulate - 1) / accumulate);
    }

    /// <summary>The images of a pass.</summary>
    /// <param name="pass">from 0</param>
    /// <returns>how many of the step's images come before, and how many it has</returns>
    public (int Skipped, int Count) Pass(int pass) => (pass * Most, Math.Min(Most, Count - (pass * Most)));
}

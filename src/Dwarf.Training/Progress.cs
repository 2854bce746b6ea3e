namespace Dwarf.Training;

/// <summary>Who watches a run: a terminal, a test, or nobody. The libraries never write to the console themselves.</summary>
public interface IRunMonitor
{
    /// <summary>A new stage begins and the one before it is over.</summary>
    /// <param name="name">a few words, such as "pretrain"</param>
    /// <param name="total">how many units of work it has; 0 where that is not known</param>
    void Stage(string name, long total);

    /// <summary>So much of the stage is done.</summary>
    /// <param name="done">units of work since the stage began, not since the last call</param>
    /// <param name="detail">what to show beside the rate, such as "loss 0.531"</param>
    void Advance(long done, string detail);

    /// <summary>One line worth keeping: a result, a folder, a warning.</summary>
    /// <param name="line">the line, without its end</param>
    void Note(string line);
}

/// <summary>Watches and says nothing.</summary>
public sealed class SilentMonitor : IRunMonitor
{
    /// <summary>The only one that is needed.</summary>
    public static readonly SilentMonitor Instance = new();

    /// <inheritdoc/>
    public void Stage(string name, long total)
    {
    }

    /// <inheritdoc/>
    public void Advance(long done, string detail)
    {
    }

    /// <inheritdoc/>
    public void Note(string line)
    {
    }
}

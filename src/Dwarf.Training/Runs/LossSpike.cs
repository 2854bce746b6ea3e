namespace Dwarf.Training.Runs;

/// <summary>When a loss is no training any more.</summary>
internal static class LossSpike
{
    /// <summary>A loss this many times its running mean is a spike, not training.</summary>
    private const double Times = 1000;

    /// <summary>A mean below this counts as this: where nearly all is learnt, one hard image is no spike.</summary>
    private const double LeastMean = 0.01;

    public static bool Is(double loss, double mean) => loss > Times * Math.Max(mean, LeastMean);

    public static string Describe(double loss, double mean) =>
        FormattableString.Invariant($"the loss {loss:G4} is over {Times} times its running mean {mean:G4}");
}

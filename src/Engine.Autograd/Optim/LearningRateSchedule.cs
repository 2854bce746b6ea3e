using Engine.Tensors;

namespace Engine.Autograd.Optim;

/// <summary>The learning rate of each step: a linear warm-up, then constant or a half cosine down to the lowest rate.</summary>
/// <remarks>
/// PyTorch's SequentialLR of LinearLR and CosineAnnealingLR (Loshchilov and Hutter 2017, arXiv:1608.03983, eq. 5, without restarts). A rate
/// is a function of the step alone, so that a resumed run needs no state.
/// </remarks>
public sealed record LearningRateSchedule
{
    private LearningRateSchedule(double peak, double start, double lowest, long warmupSteps, long totalSteps)
    {
        (Peak, Start, Lowest, WarmupSteps, TotalSteps) = (peak, start, lowest, warmupSteps, totalSteps);
        bool rates = peak >= 0 && start >= 0 && lowest >= 0 && double.IsFinite(peak + start + lowest);
        if (!rates || warmupSteps < 0 || totalSteps < warmupSteps)
        {
            throw new DwarfException(
                ErrorKind.Configuration,
                FormattableString.Invariant($"learning rate: expected rates of at least 0 and a warm-up within the steps, found peak {peak}, ")
                + FormattableString.Invariant($"start {start}, lowest {lowest}, warm-up {warmupSteps} of {totalSteps} steps"));
        }
    }

    /// <summary>The highest rate, where the warm-up ends.</summary>
    public double Peak { get; }

    /// <summary>The rate of step 0, where there is a warm-up.</summary>
    public double Start { get; }

    /// <summary>The rate that the cosine ends at; the peak for a constant rate.</summary>
    public double Lowest { get; }

    /// <summary>Steps below the peak at the beginning.</summary>
    public long WarmupSteps { get; }

    /// <summary>The step at which the lowest rate is reached; it stays from there on.</summary>
    public long TotalSteps { get; }

    /// <summary>Linear warm-up, then one rate for ever.</summary>
    /// <param name="rate">the rate</param>
    /// <param name="warmupSteps">0: none</param>
    /// <param name="start">the rate of step 0 of a warm-up</param>
    /// <returns>the schedule</returns>
    public static LearningRateSchedule Constant(double rate, long warmupSteps = 0, double start = 0) =>
        new(rate, start, rate, warmupSteps, warmupSteps);

    /// <summary>Linear warm-up, then a half cosine from the peak to the lowest rate.</summary>
    /// <param name="peak">the highest rate</param>
    /// <param name="totalSteps">warm-up included</param>
    /// <param name="warmupSteps">0: none</param>
    /// <param name="lowest">the rate at the end</param>
    /// <param name="start">the rate of step 0 of a warm-up</param>
    /// <returns>the schedule</returns>
    public static LearningRateSchedule Cosine(double peak, long totalSteps, long warmupSteps = 0, double lowest = 0, double start = 0) =>
        new(peak, start, lowest, warmupSteps, totalSteps);

    /// <summary>The rate of a step.</summary>
    /// <param name="step">from 0</param>
    /// <returns>start + (peak − start)·step/warm-up; after that lowest + (peak − lowest)·(1 + cos π·t)/2 with t from 0 to 1</returns>
    public double At(long step)
    {
        if (step < WarmupSteps)
        {
            return Start + ((Peak - Start) * step / WarmupSteps);
        }

        if (step >= TotalSteps)
        {
            return Lowest;
        }

        double progress = (double)(step - WarmupSteps) / (TotalSteps - WarmupSteps);
        return Lowest + ((Peak - Lowest) * (1 + Math.Cos(Math.PI * progress)) / 2);
    }
}

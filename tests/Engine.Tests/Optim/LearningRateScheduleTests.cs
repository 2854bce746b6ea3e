using Engine.Autograd.Optim;
using Engine.Tensors;
using Xunit;

namespace Engine.Tests.Optim;

public sealed class LearningRateScheduleTests
{
    [Theory]
    [InlineData("cosine")]
    [InlineData("warmup_constant")]
    [InlineData("warmup_cosine")]
    public void Every_step_has_the_rate_of_PyTorch(string name)
    {
        var schedule = name switch
        {
            "cosine" => LearningRateSchedule.Cosine(5e-5, 40, lowest: 1e-6),
            "warmup_constant" => LearningRateSchedule.Constant(5e-5, warmupSteps: 10),
            _ => LearningRateSchedule.Cosine(5e-5, 50, warmupSteps: 10, lowest: 1e-6, start: 1e-6),
        };
        double[] expected = OptimGolden.Numbers(OptimGolden.Root.GetProperty("schedules").GetProperty(name));
        Assert.True(expected.Length >= 20);
        for (int step = 0; step < expected.Length; step++)
        {
            Assert.InRange(schedule.At(step), expected[step] - (1e-6 * 5e-5), expected[step] + (1e-6 * 5e-5));
        }
    }

    [Fact]
    public void After_the_last_step_the_lowest_rate_stays()
    {
        Assert.Equal(1e-6, LearningRateSchedule.Cosine(1e-3, 10, lowest: 1e-6).At(1000));
        Assert.Equal(1e-3, LearningRateSchedule.Constant(1e-3).At(1000));
        Assert.Equal(1e-6, LearningRateSchedule.Cosine(1e-3, 0, lowest: 1e-6).At(0));
    }

    [Fact]
    public void A_warm_up_longer_than_the_run_is_refused()
    {
        var error = Assert.Throws<DwarfException>(() => LearningRateSchedule.Cosine(1e-3, 10, warmupSteps: 11));
        Assert.Equal(ErrorKind.Configuration, error.Kind);
        Assert.Contains("warm-up 11 of 10 steps", error.Message, StringComparison.Ordinal);
    }
}

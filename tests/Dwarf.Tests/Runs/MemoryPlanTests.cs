using Dwarf.Training.Runs;
using Engine.Kernels;
using Engine.Tensors;
using Xunit;

namespace Dwarf.Tests.Runs;

/// <summary>What a run is said to take of memory before it runs.</summary>
public sealed class MemoryPlanTests : IDisposable
{
    private readonly TinyRun _run = TinyRun.Phantom();

    public void Dispose() => _run.Dispose();

    [Fact]
    public void Activations_of_the_plan_are_what_a_real_step_takes_to_the_byte()
    {
        var config = _run.Load("data.phantom.count_train=8", "train.batch_size=8", "model.image.width=64", "model.image.layers=3");
        var data = DataSource.Load(config);
        var planned = MemoryPlanner.Plan(config, data).Stages.Single(s => s.Name == "dwarf");
        using var cpu = new CpuDevice(2);
        using var bench = new Workbench(config, data, cpu);
        var stage = new DwarfStage(bench);
        bench.Tape.Trim();
        stage.Step(0, 0, 0);
        Assert.Equal(planned.Activations, bench.Tape.TouchedBytes);
    }

    [Fact]
    public void A_frozen_part_saves_gradients_moments_and_activations()
    {
        var all = Stage();
        var frozen = Stage("train.freeze=[image_encoder]");
        Assert.Equal(all.TrainedScalars + all.FrozenScalars, frozen.TrainedScalars + frozen.FrozenScalars);
        Assert.InRange(frozen.Gradients, 1, all.Gradients - 1);
        Assert.InRange(frozen.Moments, 1, all.Moments - 1);
        Assert.InRange(frozen.Activations, 1, 0.7 * all.Activations);
        Assert.Equal(4 * frozen.TrainedScalars, frozen.Gradients);
    }

    [Fact]
    public void Checkpoints_and_more_passes_save_activations_alone()
    {
        var all = Stage();
        foreach (string key in new[] { "train.checkpoint_activations=true", "train.accumulate=4" })
        {
            var less = Stage(key);
            Assert.InRange(less.Activations, 1, 0.7 * all.Activations);
            Assert.Equal((all.Gradients, all.Moments), (less.Gradients, less.Moments));
        }
    }

    [Fact]
    public void A_run_that_does_not_fit_is_refused_with_the_batch_that_does()
    {
        var config = _run.Load();
        var plan = MemoryPlanner.Plan(config, DataSource.Load(config));
        plan.Require(onHost: true);
        var small = plan with { Available = plan.Total - 1, Stages = [.. plan.Stages.Select(s => s with { LargestBatch = 3 })] };
        var error = Assert.Throws<DwarfException>(() => small.Require(onHost: true));
        Assert.Equal(ErrorKind.Unavailable, error.Kind);
        Assert.Contains("train.batch_size up to 3 fits", error.Message, StringComparison.Ordinal);
        small.Require(onHost: false);
    }

    private StageMemory Stage(params string[] sets)
    {
        var config = _run.Load([
            "data.phantom.count_train=8", "train.batch_size=8", "model.image.width=64", "model.image.layers=8", "model.image.hidden=128", .. sets]);
        return MemoryPlanner.Plan(config, DataSource.Load(config)).Stages.Single(s => s.Name == "dwarf");
    }
}

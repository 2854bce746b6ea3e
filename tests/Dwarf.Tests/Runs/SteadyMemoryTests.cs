using Dwarf.Training.Runs;
using Engine.Autograd.Optim;
using Engine.Kernels;
using Xunit;

namespace Dwarf.Tests.Runs;

/// <summary>Tests that measure the process, so nothing else may run meanwhile.</summary>
[CollectionDefinition("Alone", DisableParallelization = true)]
public sealed class Alone;

/// <summary>A step of a stage, data and all, makes nothing new after the first ones: no native memory, no growing garbage.</summary>
[Collection("Alone")]
public sealed class SteadyMemoryTests : IDisposable
{
    private const int WarmUp = 60;
    private static readonly string[] Small =
        ["model.image.width=16", "model.image.layers=1", "model.text.layers=1", "model.decoder.layers=1"];
    private readonly TinyRun _run = TinyRun.Phantom();

    public void Dispose() => _run.Dispose();

    [Fact]
    public void A_thousand_steps_of_DWARF_stay_in_flat_memory()
    {
        // A batch is the whole set: Dice then has as many rows in every step of a finding. Where their number varies, each new one adds
        // a little, once.
        using var trained = new Trained(_run, "dwarf", "data.phantom.count_train=8", "train.batch_size=8");
        trained.Steps(WarmUp);
        long native = trained.Native, live = GC.GetTotalMemory(forceFullCollection: true);
        trained.Steps(1000);
        Assert.Equal(native, trained.Native);
        long grown = GC.GetTotalMemory(forceFullCollection: true) - live;
        Assert.True(grown < 100_000, $"{grown} managed bytes more are alive after 1,000 steps");
    }

    [Theory]
    [InlineData("dwarf", "model.image.width=64")]
    [InlineData("dwarf", "model.image.layers=4", "model.decoder.layers=4")]
    [InlineData("dwarf", "model.image.width=64", "model.image.layers=4", "model.decoder.layers=4", "head.kind=conv3")]
    [InlineData("classification", "model.image.width=64", "model.image.layers=4", "model.decoder.layers=4")]
    [InlineData("pretrain", "model.image.width=64", "model.image.layers=4", "model.decoder.layers=4", "model.text.layers=3")]
    [InlineData("pretrain", "model.text.width=32", "model.text.hidden=64")]
    public void What_a_step_allocates_does_not_grow_with_the_model(string stage, params string[] large)
    {
        double before = BytesAStep(stage, Small), after = BytesAStep(stage, [.. Small, .. large]);
        Assert.True(before < 4000, $"{before} bytes a step");
        Assert.True(Math.Abs(after - before) <= 16, $"{after} bytes a step of the large model, {before} of the small one");
    }

    [Fact]
    public void What_a_step_in_passes_allocates_does_not_grow_with_the_model()
    {
        double before = BytesAStep("dwarf", [.. Small, "train.accumulate=3"]);
        double after = BytesAStep("dwarf", [.. Small, "train.accumulate=3", "model.image.width=64", "model.image.layers=4", "model.decoder.layers=4"]);
        Assert.True(before < 4000, $"{before} bytes a step");
        Assert.True(Math.Abs(after - before) <= 16, $"{after} bytes a step of the large model, {before} of the small one");
    }

    private double BytesAStep(string stage, string[] sets)
    {
        const int Count = 60;
        using var trained = new Trained(_run, stage, sets);
        trained.Steps(WarmUp);
        long before = GC.GetAllocatedBytesForCurrentThread();
        trained.Steps(Count);
        return (GC.GetAllocatedBytesForCurrentThread() - before) / (double)Count;
    }

    /// <summary>A stage and its optimiser, without checkpoints and log.</summary>
    private sealed class Trained : IDisposable
    {
        private readonly CpuDevice _cpu = new(1);
        private readonly Workbench _bench;
        private readonly IStage _stage;
        private readonly AdamW _optimiser;
        private readonly GradientClipping _clipping;
        private int _step;

        public Trained(TinyRun run, string stage, params string[] sets)
        {
            var config = run.Load(sets);
            _bench = new Workbench(config, DataSource.Load(config), _cpu);
            _stage = stage switch
            {
                "pretrain" => new PretrainStage(_bench),
                "dwarf" => new DwarfStage(_bench),
                _ => new ClassificationStage(_bench),
            };
            _optimiser = new AdamW(_bench.Network.Parameters);
            _clipping = new GradientClipping(_bench.Network.Parameters);
        }

        public long Native => _bench.Tape.ReservedBytes;

        public void Steps(int count)
        {
            for (int i = 0; i < count; i++, _step++)
            {
                for (int pass = 0; pass < _stage.Passes(_step % _stage.StepsPerEpoch); pass++)
                {
                    _stage.Step(_step / _stage.StepsPerEpoch, _step % _stage.StepsPerEpoch, pass);
                    _bench.Tape.EndPass();
                }

                if (!double.IsFinite(_clipping.Clip(_cpu, 1)))
                {
                    throw new InvalidOperationException("the gradient is not finite");
                }

                _optimiser.Step(_cpu, 1e-3);
                _bench.Tape.Reset();
            }
        }

        public void Dispose()
        {
            _bench.Dispose();
            _cpu.Dispose();
        }
    }
}

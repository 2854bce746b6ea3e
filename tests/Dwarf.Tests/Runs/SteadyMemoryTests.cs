using Dwarf.Model;
using Dwarf.Training.Runs;
using Engine.Autograd;
using Engine.Autograd.Optim;
using Engine.Kernels;
using Engine.Tensors;
using Xunit;

namespace Dwarf.Tests.Runs;

/// <summary>Tests that measure the process, so nothing else may run meanwhile.</summary>
[CollectionDefinition("Alone", DisableParallelization = true)]
public sealed class Alone;

/// <summary>A training step makes nothing new once the first ones have run: no native memory, no garbage that grows with the model.</summary>
[Collection("Alone")]
public sealed class SteadyMemoryTests
{
    private const int WarmUp = 40;

    [Fact]
    public void A_thousand_steps_of_DWARF_stay_in_flat_memory()
    {
        using var trained = new Trained(width: 16, layers: 1);
        trained.Steps(WarmUp);
        long native = trained.Native, live = GC.GetTotalMemory(forceFullCollection: true);
        trained.Steps(1000);
        Assert.Equal(native, trained.Native);
        long grown = GC.GetTotalMemory(forceFullCollection: true) - live;
        Assert.True(grown < 100_000, $"{grown} managed bytes more are alive after 1,000 steps");
    }

    [Theory]
    [InlineData(16, 4)]
    [InlineData(64, 1)]
    [InlineData(64, 4)]
    public void What_a_step_allocates_does_not_grow_with_the_model(int width, int layers)
    {
        double small = BytesAStep(16, 1), large = BytesAStep(width, layers);
        Assert.True(small < 2000, $"{small} bytes a step");
        Assert.True(Math.Abs(large - small) <= 16, $"{large} bytes a step at width {width} with {layers} layers, {small} at width 16 with one");
    }

    /// <summary>The stages as `train` runs them, with their batches and augmentation.</summary>
    [Theory]
    [InlineData("pretrain")]
    [InlineData("dwarf")]
    [InlineData("classification")]
    public void What_a_stage_allocates_in_a_step_does_not_grow_with_the_model(string stage)
    {
        using var run = TinyRun.Phantom();
        double small = BytesAStageStep(run, stage, "model.image.width=16", "model.image.layers=1", "model.text.layers=1", "model.decoder.layers=1");
        double large = BytesAStageStep(
            run, stage, "model.image.width=64", "model.image.layers=4", "model.text.layers=3", "model.decoder.layers=3", "model.text.width=32");
        Assert.True(small < 4000, $"{small} bytes a step");
        Assert.True(Math.Abs(large - small) <= 16, $"{large} bytes a step of a large model, {small} of a small one");
    }

    private static double BytesAStep(int width, int layers)
    {
        using var trained = new Trained(width, layers);
        return Measure(trained.Steps);
    }

    private static double BytesAStageStep(TinyRun run, string name, params string[] sets)
    {
        var config = run.Load(sets);
        using var cpu = new CpuDevice(1);
        using var bench = new Workbench(config, DataSource.Load(config), cpu);
        IStage stage = name switch
        {
            "pretrain" => new PretrainStage(bench),
            "dwarf" => new DwarfStage(bench),
            _ => new ClassificationStage(bench),
        };
        var optimiser = new AdamW(bench.Network.Parameters);
        var clipping = new GradientClipping(bench.Network.Parameters);
        int step = 0;
        return Measure(count =>
        {
            for (int i = 0; i < count; i++, step++)
            {
                stage.Step(step / stage.StepsPerEpoch, step % stage.StepsPerEpoch);
                clipping.Clip(cpu, 1);
                optimiser.Step(cpu, 1e-3);
                bench.Tape.Reset();
            }
        });
    }

    private static double Measure(Action<int> steps)
    {
        const int Count = 60;
        steps(WarmUp);
        long before = GC.GetAllocatedBytesForCurrentThread();
        steps(Count);
        return (GC.GetAllocatedBytesForCurrentThread() - before) / (double)Count;
    }

    /// <summary>What a stage does in a step, without its data: forward, loss, backward, clipping, AdamW, reset.</summary>
    private sealed class Trained : IDisposable
    {
        private static readonly string[] Findings = ["A", "B"];
        private readonly CpuDevice _cpu = new(1);
        private readonly Tape _tape;
        private readonly DwarfNetwork _network;
        private readonly AdamW _optimiser;
        private readonly GradientClipping _clipping;
        private readonly DropoutSites _dropout = new(0.1);
        private readonly MapConfig _map = new();
        private readonly LossConfig _loss = new();
        private readonly Tensor _images;
        private readonly Tensor _masks;
        private readonly Tensor _labels = Tensor.From<long>([3], [1, 0, 1]);
        private readonly Tensor _features;
        private int _step;

        public Trained(int width, int layers)
        {
            var config = new ModelConfig
            {
                Image = new ImageEncoderConfig { Size = 16, Patch = 4, Width = width, Layers = layers, Heads = 4, Hidden = 2 * width },
                Text = null,
                Decoder = new DecoderConfig { Layers = layers, Heads = 4, Hidden = 2 * width },
                InitStd = 0.1,
            };
            _tape = new Tape(_cpu);
            _network = new DwarfNetwork(config, Findings, DType.F32, seed: 1);
            _optimiser = new AdamW(_network.Parameters);
            _clipping = new GradientClipping(_network.Parameters);
            _images = Model.TinyModel.Random([3, 3, 16, 16], "images", DType.F32);
            _masks = Model.TinyModel.Mask([3, 16, 16], "masks").To(DType.F32);
            _features = Model.TinyModel.Random([1, width], "features", DType.F32);
        }

        public long Native => _tape.ReservedBytes;

        public void Steps(int count)
        {
            for (int i = 0; i < count; i++)
            {
                _dropout.Begin(7, _step);
                var head = _network.Head(Findings[_step % 2]);
                var (logits, map) = _network.Forward(_tape, _tape.Constant(_images), _tape.Constant(_features), Prompts.Alone, _dropout);
                var loss = DwarfLoss.Compute(_tape, logits, map, _labels, _masks, head, _network.Config.Image, _map, _loss);
                _tape.Backward(loss.Total);
                if (!double.IsFinite(_clipping.Clip(_cpu, 1)))
                {
                    throw new InvalidOperationException("the gradient is not finite");
                }

                _optimiser.Step(_cpu, 1e-3);
                _tape.Reset();
                _step++;
            }
        }

        public void Dispose()
        {
            _network.Dispose();
            _tape.Dispose();
            _cpu.Dispose();
        }
    }
}

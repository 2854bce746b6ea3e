using Dwarf.Model;
using Engine.Autograd;
using Engine.Autograd.Optim;
using Engine.Kernels;
using Engine.Tensors;
using Xunit;

namespace Dwarf.Tests.Model;

/// <summary>The network under an optimiser, without the trainer around it.</summary>
public sealed class TrainingTests : IDisposable
{
    private static readonly MapConfig Maps = new();
    private readonly CpuDevice _cpu = new(2);

    public void Dispose() => _cpu.Dispose();

    [Fact]
    public void Eight_images_overfitted_reach_95_percent_of_what_free_logits_on_the_same_grid_can_reach()
    {
        var config = new ModelConfig
        {
            Image = new ImageEncoderConfig { Size = 32, Patch = 8, Width = 32, Layers = 1, Heads = 4, Hidden = 64 },
            Text = null,
            Decoder = new DecoderConfig { Layers = 2, Heads = 4, Hidden = 64, Dropout = 0 },
            InitStd = 0.1,
        };
        var masks = Rectangles(8, 32);
        var loss = new LossConfig { Lambda = 0.9 };
        double free = FreeLogits(config.Image, masks, loss);
        using var network = new DwarfNetwork(config, ["A"], DType.F32, 1);
        double reached = Train(network, 250, masks, TinyModel.Random([8, 3, 32, 32], "image", DType.F32), loss);
        Assert.InRange(free, 0.8, 1);
        Assert.True(reached >= 0.95 * free, $"Dice {reached:f3}, free logits {free:f3}");
    }

    [Fact]
    public void A_thousand_steps_run_in_flat_memory()
    {
        var images = TinyModel.Random([4, 3, 12, 12], "image", DType.F32);
        var masks = TinyModel.Mask([4, 12, 12], "masks").To(DType.F32);
        using var network = TinyModel.Network(dtype: DType.F32);
        using var run = new Steps(_cpu, network, images, masks, new LossConfig());
        run.Do(20);
        long native = run.Tape.ReservedBytes;
        long managed = GC.GetAllocatedBytesForCurrentThread();
        run.Do(1000);
        Assert.Equal(native, run.Tape.ReservedBytes);
        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - managed) / 1000, 0, 4096);
    }

    [Fact]
    public void Managed_allocation_of_a_step_does_not_grow_with_the_model()
    {
        long[] perStep = [.. new[] { 1, 6 }.Select(layers =>
        {
            var config = TinyModel.Config with
            {
                Image = TinyModel.Config.Image with { Layers = layers },
                Decoder = TinyModel.Config.Decoder with { Layers = layers },
            };
            using var network = TinyModel.Network(config, DType.F32);
            var images = TinyModel.Random([4, 3, 12, 12], "image", DType.F32);
            var masks = TinyModel.Mask([4, 12, 12], "masks").To(DType.F32);
            using var run = new Steps(_cpu, network, images, masks, new LossConfig());
            run.Do(50);
            long before = GC.GetAllocatedBytesForCurrentThread();
            run.Do(100);
            return (GC.GetAllocatedBytesForCurrentThread() - before) / 100;
        })];
        Assert.True(perStep[1] <= perStep[0] + 64, $"{perStep[0]} bytes a step with 1 layer, {perStep[1]} with 6");
    }

    [Fact]
    public void One_thread_and_two_give_the_same_bytes()
    {
        // Large enough for every kernel to share its work out.
        var config = new ModelConfig
        {
            Image = new ImageEncoderConfig { Size = 64, Patch = 8, Width = 64, Layers = 2, Heads = 4, Hidden = 128 },
            Text = null,
            Decoder = new DecoderConfig { Layers = 1, Heads = 4, Hidden = 64 },
        };
        byte[][] bytes = [.. new[] { 1, 2 }.Select(threads =>
        {
            using var cpu = new CpuDevice(threads);
            using var network = new DwarfNetwork(config, ["A"], DType.F32, 1);
            var images = TinyModel.Random([8, 3, 64, 64], "image", DType.F32);
            using var run = new Steps(cpu, network, images, Rectangles(8, 64), new LossConfig());
            run.Do(3);
            return network.Parameters.Parameters.SelectMany(p => p.Value.ByteSpan(0, (int)p.Value.Bytes).ToArray()).ToArray();
        })];
        Assert.True(bytes[0].AsSpan().SequenceEqual(bytes[1]));
    }

    private static Tensor Rectangles(int count, int side)
    {
        var masks = new Tensor([count, side, side], DType.F32);
        for (int i = 0; i < count; i++)
        {
            int top = i * 5 % (side / 2), left = i * 11 % (side / 2), height = (side / 4) + (i % 3 * 4), width = (side / 3) + (i % 2 * 5);
            for (int y = top; y < top + height; y++)
            {
                masks.Span<float>().Slice((((i * side) + y) * side) + left, width).Fill(1);
            }
        }

        return masks;
    }

    private double Train(DwarfNetwork network, int steps, Tensor masks, Tensor images, LossConfig loss)
    {
        using var run = new Steps(_cpu, network, images, masks, loss);
        run.Do(steps);
        return 1 - run.LastSegmentation;
    }

    /// <summary>The mean Dice score of one logit a patch and image, optimised directly.</summary>
    private double FreeLogits(ImageEncoderConfig image, Tensor masks, LossConfig loss)
    {
        using var store = new ParameterStore(DType.F32);
        Parameter logits = null!;
        store.Declare("logits", [8, image.Patches], false, _ => { }, p => logits = p);
        store.Build();
        var adam = new AdamW(store);
        using var tape = new Tape(_cpu);
        double score = 0;
        for (int step = 0; step < 400; step++)
        {
            var resized = MapRefinement.Resize(tape, logits, image, masks.Shape[1], masks.Shape[2]);
            var dice = tape.FpWeightedDiceWithLogits(
                resized, tape.Constant(masks.View([8, masks.Count / 8])), loss.WFp, loss.Alpha, loss.Epsilon);
            score = 1 - dice.Value.Item();
            tape.Backward(dice);
            adam.Step(_cpu, 0.1);
            tape.Reset();
        }

        return score;
    }

    /// <summary>Steps over one batch that all shows the finding.</summary>
    private sealed class Steps : IDisposable
    {
        private readonly DwarfNetwork _network;
        private readonly CpuDevice _cpu;
        private readonly Tensor _images;
        private readonly Tensor _masks;
        private readonly LossConfig _loss;
        private readonly Tensor _labels;
        private readonly Tensor _feature;
        private readonly DropoutSites _dropout;
        private readonly AdamW _adam;
        private int _step;

        public Steps(CpuDevice cpu, DwarfNetwork network, Tensor images, Tensor masks, LossConfig loss)
        {
            (_cpu, _network, _images, _masks, _loss) = (cpu, network, images, masks, loss);
            Tape = new Tape(cpu);
            _labels = new Tensor([images.Shape[0]], DType.I64);
            _labels.Span<long>().Fill(1);
            _feature = TinyModel.Random([1, network.Config.Image.Width], "feature", DType.F32);
            _dropout = new DropoutSites(network.Config.Decoder.Dropout);
            _adam = new AdamW(network.Parameters);
        }

        public Tape Tape { get; }

        public double LastSegmentation { get; private set; }

        public void Do(int steps)
        {
            for (int i = 0; i < steps; i++)
            {
                _dropout.Begin(1, _step++);
                var (logits, map) = _network.Forward(Tape, Tape.Constant(_images), Tape.Constant(_feature), Prompts.Alone, _dropout);
                var loss = DwarfLoss.Compute(Tape, logits, map, _labels, _masks, _network.Head("A"), _network.Config.Image, Maps, _loss);
                LastSegmentation = loss.Segmentation!.Value.Item();
                Tape.Backward(loss.Total);
                _adam.Step(_cpu, 3e-3);
                Tape.Reset();
            }
        }

        public void Dispose() => Tape.Dispose();
    }
}

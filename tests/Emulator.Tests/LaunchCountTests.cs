using Dwarf.Model;
using Engine.Autograd;
using Engine.Autograd.Optim;
using Engine.Kernels;
using Engine.Tensors;
using Engine.Tests;
using Xunit;
using Emu = Engine.Kernels.Emulator;

namespace Emulator.Tests;

/// <summary>What a DWARF step asks of the driver; docs/gpu.md holds the figures beside eager PyTorch's.</summary>
public sealed class LaunchCountTests(EmulatedDevice devices)
{
    private const int Batch = 8;

    /// <summary>ATen operations of a decoder layer in eager PyTorch: 42 forward and 56 backward.</summary>
    private const int EagerLayer = 98;

    /// <summary>Of the resize and the Dice loss: 20 forward and 16 backward.</summary>
    private const int EagerDice = 36;

    [Fact]
    public void A_recorded_step_is_one_launch_and_its_work_is_as_the_documentation_says()
    {
        var (one, two) = (Count(1), Count(2));
        long layer = two.Nodes - one.Nodes;
        Assert.Equal(1, one.Launches);
        Assert.Equal(1, two.Launches);
        Assert.InRange(layer, 1, EagerLayer / 2);
        long dice = Dice();
        Assert.InRange(dice, 1, EagerDice / 4);
        string text = File.ReadAllText(Source.Path("docs", "gpu.md"));
        Assert.Contains($"| decoder layer, forward and backward | {EagerLayer} | {layer} |", text, StringComparison.Ordinal);
        Assert.Contains($"| resize and FP-weighted Dice, forward and backward | {EagerDice} | {dice} |", text, StringComparison.Ordinal);
    }

    /// <summary>A step of a network with so many decoder layers: what the graph holds, and launches of kernels and graphs by the host.</summary>
    private (long Nodes, long Launches) Count(int layers)
    {
        var config = new ModelConfig
        {
            Image = new ImageEncoderConfig { Size = 56, Patch = 4, Width = 32, Layers = 1, Heads = 2, Hidden = 32 },
            Text = null,
            Decoder = new DecoderConfig { Layers = layers, Heads = 4, Hidden = 32, Dropout = 0 },
        };
        var gpu = devices.Gpu;
        using var network = new DwarfNetwork(config, ["finding"], DType.F32, seed: 1, gpu.Memory);
        var (optimiser, clipping) = (new AdamW(network.Parameters), new GradientClipping(network.Parameters));
        using var tape = new Tape(gpu);
        using var recorder = new CudaRecorder(gpu);
        var image = new Tensor([Batch, 3, 56, 56], DType.F32, gpu.Memory);
        var features = new Tensor([1, 32], DType.F32, gpu.Memory);
        var (labels, masks) = (new Tensor([Batch], DType.I64), new Tensor([Batch, 56, 56], DType.F32));
        labels.Span<long>().Fill(1);
        Step();
        recorder.Begin();
        Step();
        Emu.ResetCalls();
        recorder.Launch();
        return (recorder.Nodes, Emu.Calls("cuGraphLaunch") + Emu.Calls("cuLaunchKernel"));

        void Step()
        {
            var (logits, map) = network.Forward(tape, tape.Constant(image), tape.Constant(features));
            var loss = DwarfLoss.Compute(tape, logits, map, labels, masks, network.Head("finding"), config.Image, new MapConfig(), new LossConfig());
            tape.Backward(loss.Total);
            optimiser.Step(gpu, 1e-3, clipping.Clip(gpu, 1));
            tape.Reset();
        }
    }

    /// <summary>Launches of the fused resize and Dice, forward and backward.</summary>
    private long Dice()
    {
        var gpu = devices.Gpu;
        using var tape = new Tape(gpu);
        var logits = tape.Leaf(new Tensor([Batch, 14, 14], DType.F32, gpu.Memory));
        var target = tape.Constant(new Tensor([Batch, 224, 224], DType.F32, gpu.Memory));
        var one = tape.Scalar(1, DType.F32);
        long before = gpu.Launches;
        var loss = tape.ResizedDice(logits, target, 2, 1, 1e-6);
        tape.Backward([loss], [one]);
        return gpu.Launches - before;
    }
}

using Dwarf.Model;
using Engine.Autograd;
using Engine.Autograd.Operators;
using Engine.Autograd.Optim;
using Engine.Kernels;
using Engine.Tensors;
using Xunit;

namespace Emulator.Tests;

/// <summary>Networks of the published sizes on the CUDA back end: a training step's losses are those of the processor.</summary>
public sealed class FullSizeStepTests(EmulatedDevice devices)
{
    private static readonly ImageEncoderConfig s_noImage = new() { Layers = 1, Hidden = 8 };

    [Fact]
    public void A_step_of_BERT_base_with_a_padded_text_has_the_losses_of_the_processor()
    {
        var ids = Tensor.From<long>([2, 5], [101, 22953, 2050, 1055, 102, 101, 7592, 102, 0, 0]);
        var mask = Tensor.From<long>([2, 5], [1, 1, 1, 1, 1, 1, 1, 1, 0, 0]);
        SameLosses(
            new ModelConfig { Image = s_noImage, Decoder = new() { Layers = 1, Hidden = 8 } },
            (tape, network) => Loss(tape, [network.Text!.Forward(tape, ids, mask)]));
    }

    [Fact]
    public void A_step_of_KADs_decoder_with_13_queries_has_the_losses_of_the_processor()
    {
        Tensor patches = Values([1, 196, 768], 1), features = Values([13, 768], 2);
        SameLosses(
            new ModelConfig { Image = s_noImage, Text = null },
            (tape, network) =>
            {
                var (logits, map) = network.Decoder.Forward(tape, tape.Constant(patches), tape.Constant(features), Prompts.Together);
                return Loss(tape, [logits, map]);
            });
    }

    private void SameLosses(ModelConfig config, Func<Tape, DwarfNetwork, Variable> loss)
    {
        double[] expected = Losses(devices.Cpu, config, loss), found = Losses(devices.Gpu, config, loss);
        Assert.All(expected.Zip(found), pair => Assert.True(Math.Abs(pair.First - pair.Second) <= 1e-5 * pair.First, $"{pair.First:R}, emulated {pair.Second:R}"));
        Assert.True(expected[0] - expected[1] > 1e-2 * expected[0], $"the step must be seen in the loss: {expected[0]:R}, then {expected[1]:R}");
    }

    /// <summary>The losses before and after a step of AdamW.</summary>
    private static double[] Losses(Device device, ModelConfig config, Func<Tape, DwarfNetwork, Variable> loss)
    {
        using var network = new DwarfNetwork(config, [], DType.F32, seed: 3, device.Memory);
        using var tape = new Tape(device);
        var first = loss(tape, network);
        tape.Backward(first);
        double before = first.Value.Item();
        new AdamW(network.Parameters).Step(device, 1e-5);
        tape.Reset();
        return [before, loss(tape, network).Value.Item()];
    }

    /// <summary>Squared distance from fixed values, so that every output element has a gradient of its own.</summary>
    private static Variable Loss(Tape tape, Variable[] outputs)
    {
        Variable total = null!;
        for (int i = 0; i < outputs.Length; i++)
        {
            var off = tape.Add(outputs[i], tape.Constant(Values(outputs[i].Shape, 3 + i)));
            var mean = tape.ReduceMean(tape.Mul(off, off));
            total = i == 0 ? mean : tape.Add(total, mean);
        }

        return total;
    }

    private static Tensor Values(Shape shape, int seed)
    {
        var tensor = new Tensor(shape, DType.F32);
        var values = tensor.Span<float>();
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = (float)Math.Sin((i * 0.7) + seed);
        }

        return tensor;
    }
}

using Dwarf.Model;
using Engine.Autograd;
using Engine.Kernels;
using Engine.Tensors;
using Xunit;

namespace Dwarf.Tests.Model;

/// <summary>Activation checkpointing of the encoders' and the decoder's blocks: the same bits for less memory.</summary>
public sealed class CheckpointTests : IDisposable
{
    private readonly CpuDevice _cpu = new(2);

    public void Dispose() => _cpu.Dispose();

    [Theory]
    [InlineData(Prompts.Alone, ImageEncoderKind.Vit, DecoderKind.Kad)]
    [InlineData(Prompts.Together, ImageEncoderKind.Vit, DecoderKind.Kad)]
    [InlineData(Prompts.Alone, ImageEncoderKind.LukemelasVit, DecoderKind.Medklip)]
    public void Gradients_have_the_same_bits_with_checkpoints_and_dropout(Prompts prompts, ImageEncoderKind image, DecoderKind decoder)
    {
        var config = TinyModel.Config with
        {
            Image = TinyModel.Config.Image with { Kind = image, Layers = 3 },
            Decoder = TinyModel.Config.Decoder with { Kind = decoder, Layers = 3, Dropout = 0.3, TextWidth = 8 },
        };
        var expected = Gradients(config, prompts, false, []);
        Assert.Equal(expected, Gradients(config, prompts, true, []));
        Assert.All(expected, gradient => Assert.DoesNotContain("NaN", gradient.Values, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("image_encoder")]
    [InlineData("text_encoder.bert_model")]
    [InlineData("model.decoder.layers.0")]
    public void Gradients_have_the_same_bits_where_a_part_is_frozen(string frozen)
    {
        var expected = Gradients(TinyModel.Config, Prompts.Alone, false, [frozen]);
        Assert.Equal(expected, Gradients(TinyModel.Config, Prompts.Alone, true, [frozen]));
        Assert.DoesNotContain(expected, g => g.Name.StartsWith(frozen, StringComparison.Ordinal));
    }

    [Fact]
    public void A_deep_encoder_needs_less_memory_with_checkpoints_and_the_same_in_every_step()
    {
        var config = TinyModel.Config with { Image = TinyModel.Config.Image with { Layers = 16, Width = 8, Hidden = 32 }, Text = null };
        long[] reserved = [.. new[] { false, true }.Select(checkpoints =>
        {
            using var network = TinyModel.Network(config, DType.F32);
            using var tape = new Tape(_cpu) { CheckpointsActivations = checkpoints };
            var images = TinyModel.Random([4, 3, 12, 12], "image", DType.F32);
            Step(tape, network, images);
            long once = tape.ReservedBytes;
            for (int i = 0; i < 1000; i++)
            {
                Step(tape, network, images);
            }

            Assert.Equal(once, tape.ReservedBytes);
            return once;
        })];
        Assert.InRange(reserved[1], 1, 0.5 * reserved[0]);

        static void Step(Tape tape, DwarfNetwork network, Tensor images)
        {
            var (_, pooled) = network.Image.Forward(tape, tape.Constant(images));
            tape.Backward(tape.ReduceMean(tape.Mul(pooled, pooled)));
            tape.Reset();
        }
    }

    [Fact]
    public void Inference_gives_memory_back_as_it_goes()
    {
        long[] reserved = [.. new[] { 4, 24 }.Select(layers =>
        {
            var config = TinyModel.Config with { Image = TinyModel.Config.Image with { Layers = layers, Width = 32, Hidden = 128 }, Text = null };
            using var network = TinyModel.Network(config, DType.F32);
            using var tape = new Tape(_cpu) { Recording = false };
            network.Image.Forward(tape, tape.Constant(TinyModel.Random([4, 3, 12, 12], "image", DType.F32)));
            return tape.ReservedBytes;
        })];
        Assert.Equal(reserved[0], reserved[1]);
    }

    private List<(string Name, string Values)> Gradients(ModelConfig config, Prompts prompts, bool checkpoints, string[] frozen)
    {
        using var network = TinyModel.Network(config);
        using var tape = new Tape(_cpu) { CheckpointsActivations = checkpoints };
        network.Freeze(frozen);
        var dropout = new DropoutSites(config.Decoder.Dropout);
        var images = TinyModel.Random([3, 3, 12, 12], "image");
        var ids = TinyModel.Longs([2, 5], 1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
        var mask = TinyModel.Longs([2, 5], 1, 1, 1, 1, 1, 1, 1, 1, 0, 0);
        var result = new List<(string, string)>();
        for (int step = 0; step < 2; step++)
        {
            dropout.Begin(5, step);
            var features = network.Text!.Forward(tape, ids, mask);
            var (patches, pooled) = network.Image.Forward(tape, tape.Constant(images));
            var (logits, map) = network.Decoder.Forward(tape, patches, features, prompts, dropout);
            var loss = tape.ReduceMean(tape.Mul(pooled, pooled));
            loss = tape.Add(loss, tape.Add(tape.ReduceMean(tape.Mul(logits, logits)), tape.ReduceMean(tape.Mul(map, map))));
            tape.Backward(loss);
            result.AddRange(network.Parameters.Parameters.Where(p => p.Grad is not null).Select(p => (p.Name, string.Join(' ', TinyModel.Doubles(p.Grad!)))));
            tape.Reset();
        }

        return result;
    }
}

using Dwarf.Model;
using Engine.Autograd;
using Engine.Autograd.Optim;
using Engine.Kernels;
using Engine.Tensors;

namespace Dwarf.Cli.Bench;

/// <summary>Whole training steps (forward, backward, AdamW) and forwards, with the peer's names and sizes.</summary>
internal static class StepCases
{
    private static readonly ModelConfig Small = new()
    {
        Image = new ImageEncoderConfig { Size = 64, Patch = 8, Width = 128, Layers = 4, Heads = 4, Hidden = 512 },
        Text = null,
        Decoder = new DecoderConfig { Layers = 1, Heads = 4, Hidden = 16, Dropout = 0 },
    };

    private static readonly ModelConfig Base = new() { Text = null, Decoder = new DecoderConfig { Dropout = 0 } };

    public static IEnumerable<Case> All(Device device)
    {
        foreach (var (name, config, b) in new[] { ("small_vit64_b16", Small, 16), ("vit_b16_224_b1", Base, 1), ("vit_b16_224_b8", Base, 8) })
        {
            double forward = b * VitFlops(config.Image);
            yield return new Case(name + "_fwd", forward, 0, () => Vit(device, config, b, train: false));
            yield return new Case(name + "_step", 3 * forward, 0, () => Vit(device, config, b, train: true));
        }

        double dwarf = 8 * (VitFlops(Base.Image) + DecoderFlops(Base));
        yield return new Case("dwarf_q1_b8_fwd", dwarf, 0, () => Dwarf(device, 8, train: false));
        yield return new Case("dwarf_q1_b8_step", 3 * dwarf, 0, () => Dwarf(device, 8, train: true));
        yield return new Case("dwarf_q1_b8_step_checkpointed", 4 * dwarf, 0, () => Dwarf(device, 8, train: true, checkpoints: true));
        double decoder = 8 * DecoderFlops(Base);
        yield return new Case("dwarf_q1_b8_step_frozen_vit", dwarf + (2 * decoder), 0, () => Dwarf(device, 8, train: true, freeze: "image_encoder"));
        yield return new Case("dwarf_q1_b32_step", 12 * dwarf, 0, () => Dwarf(device, 32, train: true)) { OnlyByName = true };
        yield return new Case("dwarf_q1_b32_step_checkpointed", 16 * dwarf, 0, () => Dwarf(device, 32, train: true, checkpoints: true))
        {
            OnlyByName = true,
        };
    }

    private static Action Vit(Device device, ModelConfig config, int b, bool train)
    {
        var network = new DwarfNetwork(config, [], DType.F32, seed: 1, device.Memory);
        var image = Values([b, 3, config.Image.Size, config.Image.Size]).CopyTo(device.Memory);
        return Step(device, network, train, tape =>
        {
            var (_, pooled) = network.Image.Forward(tape, tape.Constant(image));
            return tape.ReduceMean(tape.Mul(pooled, pooled));
        });
    }

    private static Action Dwarf(Device device, int b, bool train, bool checkpoints = false, string? freeze = null)
    {
        var network = new DwarfNetwork(Base, ["finding"], DType.F32, seed: 1, device.Memory);
        network.Freeze(freeze is null ? [] : [freeze]);
        var image = Values([b, 3, 224, 224]).CopyTo(device.Memory);
        var features = Values([1, 768]).CopyTo(device.Memory);
        var (labels, masks) = (new Tensor([b], DType.I64), new Tensor([b, 224, 224], DType.F32));
        labels.Span<long>().Fill(1);
        for (int i = 0; i < masks.Count; i += 10)
        {
            masks.Span<float>()[i] = 1;
        }

        return Step(device, network, train, tape =>
        {
            var (logits, map) = network.Forward(tape, tape.Constant(image), tape.Constant(features));
            return DwarfLoss.Compute(
                tape, logits, map, labels, masks, network.Head("finding"), network.Config.Image, new MapConfig(), new LossConfig { WFp = 2 }).Total;
        }, checkpoints);
    }

    private static Action Step(Device device, DwarfNetwork network, bool train, Func<Tape, Variable> loss, bool checkpoints = false)
    {
        var tape = new Tape(device) { Recording = train, CheckpointsActivations = checkpoints };
        var optimiser = train ? new AdamW(network.Parameters, new AdamWOptions { WeightDecay = 0.02 }) : null;
        return () =>
        {
            var total = loss(tape);
            if (train)
            {
                tape.Backward(total);
                optimiser!.Step(device, 5e-5);
            }

            tape.Reset();
        };
    }

    private static Tensor Values(Shape shape)
    {
        var tensor = new Tensor(shape, DType.F32);
        ulong key = CounterRandom.Key(1, shape.ToString());
        for (int i = 0; i < tensor.Count; i++)
        {
            tensor.Span<float>()[i] = (float)CounterRandom.Normal(key, i);
        }

        return tensor;
    }

    /// <summary>Multiply-adds of one image's forward, each counting 2: patches, and per layer the projections, both halves of attention, the MLP.</summary>
    private static double VitFlops(ImageEncoderConfig image)
    {
        double patches = image.Patches, d = image.Width, t = patches + 1;
        double layer = (2 * t * ((4 * d * d) + (2 * d * image.Hidden))) + (4 * t * t * d);
        return (image.Layers * layer) + (2 * patches * d * image.Channels * image.Patch * image.Patch);
    }

    private static double DecoderFlops(ModelConfig config)
    {
        double d = config.Image.Width, p = config.Image.Patches;
        double query = 2 * ((4 * d * d) + (2 * d * d) + (2 * d * config.Decoder.Hidden));
        return config.Decoder.Layers * (query + (2 * p * 2 * d * d) + (4 * d) + (4 * p * d));
    }
}

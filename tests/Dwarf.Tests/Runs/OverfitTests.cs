using Dwarf.Model;
using Dwarf.Training.Data;
using Engine.Autograd;
using Engine.Autograd.Optim;
using Engine.Kernels;
using Engine.Tensors;
using Xunit;

namespace Dwarf.Tests.Runs;

/// <summary>Eight images learned by heart: what DWARF reaches on them, against logits that may be anything on the same grid.</summary>
public sealed class OverfitTests
{
    private const int Size = 32;
    private const int Count = 8;
    private const string Finding = "Mass";

    private static readonly ModelConfig Config = new()
    {
        Image = new ImageEncoderConfig { Size = Size, Patch = 4, Width = 32, Layers = 2, Heads = 4, Hidden = 64 },
        Text = null,
        Decoder = new DecoderConfig { Layers = 2, Heads = 4, Hidden = 64 },
        InitStd = 0.15,
    };

    private static readonly MapConfig Map = new();
    private static readonly LossConfig Loss = new() { Lambda = 0.9 };

    [Fact]
    public void Eight_images_reach_095_of_what_free_logits_reach()
    {
        using var cpu = new CpuDevice(1);
        var (images, masks) = Eight();
        var free = FreeLogits(cpu, masks);
        var (dwarf, before) = Dwarf(cpu, images, masks);
        Assert.True(free.Hard > 0.7 && free.Soft > 0.7, $"free logits reach {free}");
        Assert.True(before.Hard < 0.5 * free.Hard, $"before training it is {before} already");
        Assert.True(dwarf.Soft >= 0.95 * free.Soft, $"soft Dice {dwarf.Soft:F3}, free logits {free.Soft:F3}");
        Assert.True(dwarf.Hard >= 0.95 * free.Hard, $"Dice {dwarf.Hard:F3}, free logits {free.Hard:F3}");
    }

    /// <summary>The first eight phantoms that show the finding; the images are normalised, in three equal channels.</summary>
    private static (Tensor Images, Tensor Masks) Eight()
    {
        var data = Phantom.Dataset(80, 1, 1, Size, 4, [Finding]);
        var chosen = data.Samples.Where(s => s.Shows(0)).Take(Count).ToList();
        Assert.Equal(Count, chosen.Count);
        var (images, masks) = (new Tensor([Count, 3, Size, Size], DType.F32), new Tensor([Count, Size, Size], DType.F32));
        for (int i = 0; i < Count; i++)
        {
            for (int p = 0; p < Size * Size; p++)
            {
                for (int c = 0; c < 3; c++)
                {
                    images.Span<float>()[(((i * 3) + c) * Size * Size) + p] = (chosen[i].Pixels[p] - 0.5f) / 0.25f;
                }

                masks.Span<float>()[(i * Size * Size) + p] = chosen[i].Masks![0]![p];
            }
        }

        return (images, masks);
    }

    private static Scores FreeLogits(CpuDevice cpu, Tensor masks)
    {
        using var tape = new Tape(cpu);
        using var store = new ParameterStore(DType.F32);
        Parameter logits = null!;
        store.Declare("logits", [Count, Config.Image.Patches], false, static value => value.Span<float>().Fill(-1), p => logits = p);
        store.Build();
        var optimiser = new AdamW(store);
        for (int step = 0; step < 600; step++)
        {
            tape.Backward(Dice(tape, logits, masks));
            optimiser.Step(cpu, step < 400 ? 0.1 : 0.02);
            tape.Reset();
        }

        var scores = Measure(tape, logits, masks);
        tape.Reset();
        return scores;
    }

    private static (Scores After, Scores Before) Dwarf(CpuDevice cpu, Tensor images, Tensor masks)
    {
        const int Steps = 400;
        using var tape = new Tape(cpu);
        using var network = new DwarfNetwork(Config, [Finding], DType.F32, seed: 5);
        var features = Model.TinyModel.Random([1, 32], "features", DType.F32);
        var labels = Tensor.From<long>([Count], [.. Enumerable.Repeat(1L, Count)]);
        var head = network.Head(Finding);
        var optimiser = new AdamW(network.Parameters, new AdamWOptions { WeightDecay = 0 });
        foreach (var parameter in head.Parameters)
        {
            optimiser.SetRateFactor(parameter, 10);
        }

        var clipping = new GradientClipping(network.Parameters);
        var schedule = LearningRateSchedule.Cosine(2e-3, Steps, 20, 1e-5, 1e-4);
        var before = Refined();
        for (int step = 0; step < Steps; step++)
        {
            var (logits, map) = network.Forward(tape, tape.Constant(images), tape.Constant(features));
            tape.Backward(DwarfLoss.Compute(tape, logits, map, labels, masks, head, Config.Image, Map, Loss).Total);
            clipping.Clip(cpu, 1);
            optimiser.Step(cpu, schedule.At(step));
            tape.Reset();
        }

        return (Refined(), before);

        Scores Refined()
        {
            var (_, map) = network.Forward(tape, tape.Constant(images), tape.Constant(features));
            var scores = Measure(tape, MapRefinement.Refine(tape, tape.Reshape(map, [Count, Config.Image.Patches]), head, Map), masks);
            tape.Reset();
            return scores;
        }
    }

    private static Variable Dice(Tape tape, Variable logits, Tensor masks) => tape.FpWeightedDiceWithLogits(
        MapRefinement.Resize(tape, logits, Config.Image, Size, Size),
        tape.Constant(masks.View([Count, Size * Size])),
        Loss.WFp,
        Loss.Alpha,
        Loss.Epsilon);

    /// <summary>1 - loss, and the mean Dice of the map above one half; both at pixels.</summary>
    private static Scores Measure(Tape tape, Variable logits, Tensor masks)
    {
        double soft = 1 - Dice(tape, logits, masks).Value.Item();
        var pixels = MapRefinement.Resize(tape, logits, Config.Image, Size, Size).Value.Span<float>();
        double hard = 0;
        for (int i = 0; i < Count; i++)
        {
            int both = 0, sizes = 0;
            for (int p = i * Size * Size; p < (i + 1) * Size * Size; p++)
            {
                bool inside = pixels[p] > 0, truth = masks.Span<float>()[p] > 0;
                both += inside && truth ? 1 : 0;
                sizes += (inside ? 1 : 0) + (truth ? 1 : 0);
            }

            hard += 2.0 * both / sizes / Count;
        }

        return new Scores(soft, hard);
    }

    private readonly record struct Scores(double Soft, double Hard);
}

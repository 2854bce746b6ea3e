using Dwarf.Model;
using Engine.Autograd;
using Engine.Kernels;
using Engine.Tensors;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Xunit;
using Tensor = Engine.Tensors.Tensor;

namespace Parity.Tests.Onnx;

/// <summary>What ONNX Runtime makes of an exported file, beside what the engine makes of the network.</summary>
internal static class OnnxCheck
{
    /// <summary>Most that an output may be off, relative to its norm.</summary>
    public const double Tolerance = 1e-5;

    /// <summary>Runs an exported file.</summary>
    /// <param name="session">the loaded file</param>
    /// <param name="inputs">by name, f32</param>
    /// <returns>outputs by name</returns>
    public static Dictionary<string, Tensor> Run(InferenceSession session, params (string Name, Tensor Value)[] inputs)
    {
        var values = inputs.Select(i => NamedOnnxValue.CreateFromTensor(
            i.Name, new DenseTensor<float>(i.Value.ToArray<float>(), [.. i.Value.Shape.Select(s => (int)s)]))).ToList();
        using var results = session.Run(values);
        return results.ToDictionary(r => r.Name, r =>
        {
            var tensor = (DenseTensor<float>)r.AsTensor<float>();
            long[] sizes = [.. tensor.Dimensions.ToArray().Select(d => (long)d)];
            return Tensor.From<float>(new Shape(sizes), tensor.Buffer.Span);
        });
    }

    /// <summary>The engine's outputs.</summary>
    public static Dictionary<string, Tensor> OfEngine(DwarfNetwork network, Tensor image, Tensor features, Prompts prompts, MapConfig? map)
    {
        using var cpu = new CpuDevice();
        using var tape = new Tape(cpu) { Recording = false };
        var (patches, pooled) = network.Image.Forward(tape, tape.Constant(image));
        var (logits, raw) = network.Decoder.Forward(tape, patches, tape.Constant(features), prompts);
        long b = image.Shape[0], q = features.Shape[0];
        var outputs = new Dictionary<string, Tensor>
        {
            ["patch_tokens"] = patches.Value.CopyTo(null),
            ["pooled"] = pooled.Value.CopyTo(null),
            ["logits"] = logits.Value.CopyTo(null),
            ["map"] = raw.Value.CopyTo(null),
            ["probability"] = tape.Reshape(tape.Slice(tape.Softmax(logits), 2, 1, 2), [b, q]).Value.CopyTo(null),
        };
        if (map is not null)
        {
            var seen = network.Findings.Select((finding, i) =>
            {
                var one = tape.Reshape(tape.Slice(raw, 1, i, i + 1), [b, raw.Shape[2]]);
                return tape.Reshape(MapRefinement.Seen(tape, MapRefinement.Refine(tape, one, network.Head(finding), map), map), [b, 1, raw.Shape[2]]);
            }).ToArray();
            outputs["refined"] = (seen.Length == 1 ? seen[0] : tape.Concat(1, seen)).Value.CopyTo(null);
        }

        return outputs;
    }

    /// <summary>Every output of one is the other's, none is missing.</summary>
    public static void AssertSame(Dictionary<string, Tensor> expected, Dictionary<string, Tensor> found)
    {
        Assert.Equal(expected.Keys.Order(), found.Keys.Order());
        foreach (var (name, value) in expected)
        {
            var other = found[name];
            Assert.True(value.Shape == other.Shape, $"{name}: expected {value.Shape}, found {other.Shape}");
            double size = Norm(value.Span<float>(), default), distance = Norm(value.Span<float>(), other.Span<float>());
            Assert.True(size > 0, $"{name} is zero throughout and proves nothing");
            Assert.True(distance <= Tolerance * size, $"{name}: off by {distance / size:g3} of its norm");
            TestContext.Current.TestOutputHelper?.WriteLine($"{name} {value.Shape}: off by {distance / size:g3} of its norm");
        }
    }

    /// <summary>Normal numbers, the same in every run.</summary>
    public static Tensor Random(Shape shape, int seed)
    {
        var (tensor, random) = (new Tensor(shape, DType.F32), new Random(seed));
        foreach (ref float x in tensor.Span<float>())
        {
            x = (float)Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * (float)Math.Cos(2 * Math.PI * random.NextDouble());
        }

        return tensor;
    }

    private static double Norm(ReadOnlySpan<float> x, ReadOnlySpan<float> y)
    {
        double sum = 0;
        for (int i = 0; i < x.Length; i++)
        {
            double d = x[i] - (y.IsEmpty ? 0.0 : y[i]);
            sum += d * d;
        }

        return Math.Sqrt(sum);
    }
}

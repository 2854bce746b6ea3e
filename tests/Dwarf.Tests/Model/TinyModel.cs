using Dwarf.Model;
using Engine.Tensors;
using Xunit;

namespace Dwarf.Tests.Model;

/// <summary>A network small enough for central differences, and what its tests share.</summary>
internal static class TinyModel
{
    public static readonly ModelConfig Config = new()
    {
        Image = new ImageEncoderConfig { Size = 12, Patch = 4, Width = 8, Layers = 2, Heads = 2, Hidden = 10 },
        Text = new TextEncoderConfig { Vocabulary = 17, MaxPositions = 7, Width = 6, Layers = 1, Heads = 3, Hidden = 9, Projection = 8 },
        Decoder = new DecoderConfig { Layers = 2, Heads = 4, Hidden = 12 },
        InitStd = 0.3,
    };

    public static DwarfNetwork Network(ModelConfig? config = null, DType dtype = DType.F64, long seed = 3)
        => new(config ?? Config, ["A", "B"], dtype, seed);

    /// <summary>Normal numbers, the same in every run.</summary>
    public static Tensor Random(Shape shape, string name, DType dtype = DType.F64)
    {
        var tensor = new Tensor(shape, DType.F64);
        ulong key = CounterRandom.Key(11, name);
        for (int i = 0; i < tensor.Count; i++)
        {
            tensor.Span<double>()[i] = CounterRandom.Normal(key, i);
        }

        return tensor.To(dtype);
    }

    /// <summary>Zeros and ones.</summary>
    public static Tensor Mask(Shape shape, string name, double share = 0.4)
    {
        var tensor = new Tensor(shape, DType.F64);
        ulong key = CounterRandom.Key(11, name);
        for (int i = 0; i < tensor.Count; i++)
        {
            tensor.Span<double>()[i] = CounterRandom.Uniform(key, i) < share ? 1 : 0;
        }

        return tensor;
    }

    public static Tensor Longs(Shape shape, params long[] values) => Tensor.From<long>(shape, values);

    public static double[] Doubles(Tensor tensor) => tensor.To(DType.F64).ToArray<double>();

    /// <summary>‖found − expected‖ ≤ rtol · ‖expected‖ + floor; NaN never passes.</summary>
    public static void AssertClose(Tensor expected, Tensor found, double rtol, double floor, string because)
    {
        Assert.True(expected.Shape == found.Shape, $"{because}: expected {expected.Shape}, found {found.Shape}");
        double[] e = Doubles(expected), f = Doubles(found);
        double distance = Math.Sqrt(e.Zip(f, (a, b) => (a - b) * (a - b)).Sum());
        double size = Math.Sqrt(e.Sum(v => v * v));
        Assert.True(distance <= (rtol * size) + floor, $"{because}: off by {distance:g3} of {size:g3}");
    }
}

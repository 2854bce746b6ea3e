using System.Globalization;
using Engine.Tensors;

namespace Engine.Tests;

/// <summary>Seeded inputs by named rule. A rule that keeps values off a kink or out of saturation says so by its name.</summary>
/// <remarks>
/// Floating inputs: "normal:mean:deviation" (default normal:0:1) · "range:low:high", uniform · "away:d", normal with |x| > d (the kink of
/// relu) · "distinct", evenly spaced in [-2, 2] and shuffled (no ties, no close maxima) · "constant:c" · "binary", 0 or 1 · "blocks:k", 1 in the
/// first k-th of each row, else 0 · "mask", a quarter −inf, else 0 · "deadmask", as mask, and the first row of the last axis all −inf ·
/// "deadrow", 0 or 1, and the first row all 0 · "scaled:m", the first half of the rows normal, the second half m times as large.
/// i64: "below:n", uniform in [0, n) (default below:4) · "ignored:n", as below with every third −1 · "constant:c".
/// bool: "keys" (default), three quarters true and the first always · "deadkeys", as keys with the first row all false.
/// </remarks>
internal static class InputValues
{
    public static Tensor Make(Shape shape, string dtype, string? rule, int seed)
    {
        string[] parts = (rule ?? dtype switch { "i64" => "below:4", "bool" => "keys", _ => "normal:0:1" }).Split(':');
        double[] numbers = [.. parts.Skip(1).Select(p => double.Parse(p, CultureInfo.InvariantCulture))];
        var random = new Random(seed);
        long row = shape.Rank == 0 ? 1 : Math.Max(1, shape[-1]);
        switch (dtype)
        {
            case "i64":
                var ids = new long[shape.Count];
                for (int i = 0; i < ids.Length; i++)
                {
                    ids[i] = parts[0] switch
                    {
                        "below" => random.NextInt64((long)numbers[0]),
                        "ignored" => i % 3 == 0 ? -1 : random.NextInt64((long)numbers[0]),
                        "constant" => (long)numbers[0],
                        _ => throw new ArgumentException($"unknown rule {rule}"),
                    };
                }

                return Tensor.From<long>(shape, ids);
            case "bool":
                var keys = new bool[shape.Count];
                for (int i = 0; i < keys.Length; i++)
                {
                    keys[i] = (parts[0] == "keys" || i >= row) && (i % row == 0 || random.NextDouble() < 0.75);
                }

                return Tensor.From<bool>(shape, keys);
            default:
                var values = Floating(shape.Count, row, parts[0], numbers, random);
                return Tensor.From<double>(shape, [.. values.Select(v => (double)(float)v)]);
        }
    }

    private static double[] Floating(long count, long row, string rule, double[] numbers, Random random)
    {
        var values = new double[count];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = rule switch
            {
                "normal" => numbers[0] + (numbers[1] * Normal(random)),
                "range" => numbers[0] + ((numbers[1] - numbers[0]) * random.NextDouble()),
                "away" => Away(Normal(random), numbers[0]),
                "distinct" => -2 + (4 * (i + 0.5) / count),
                "constant" => numbers[0],
                "binary" => random.Next(2),
                "blocks" => i % row < row / numbers[0] ? 1 : 0,
                "mask" => random.NextDouble() < 0.25 && i % row != 0 ? double.NegativeInfinity : 0,
                "deadmask" => i < row || (random.NextDouble() < 0.25 && i % row != 0) ? double.NegativeInfinity : 0,
                "deadrow" => i < row ? 0 : random.Next(2),
                "scaled" => Normal(random) * (i < count / 2 ? 1 : numbers[0]),
                _ => throw new ArgumentException($"unknown rule {rule}"),
            };
        }

        if (rule == "distinct")
        {
            random.Shuffle(values);
        }

        return values;
    }

    private static double Away(double x, double distance) => x + (x < 0 ? -distance : distance);

    private static double Normal(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}

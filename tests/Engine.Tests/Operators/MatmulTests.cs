using Engine.Autograd.Operators;
using Engine.Kernels;
using Engine.Tensors;
using Xunit;

namespace Engine.Tests.Operators;

public sealed class MatmulTests : IDisposable
{
    private readonly CpuDevice _cpu = new(2);

    public static TheoryData<long[], long[], bool, bool> Shapes => new()
    {
        { [5, 7], [7, 3], false, false },
        { [7, 5], [7, 3], true, false },
        { [2, 3, 5, 7], [7, 4], false, false },        // a batch against one matrix
        { [5, 7], [3, 4, 7], false, true },
        { [2, 1, 5, 7], [3, 7, 4], false, false },     // both broadcast
        { [4, 1, 7, 5], [1, 3, 4, 7], true, true },
        { [3, 2, 2], [3, 2, 2], false, false },
        { [1, 1], [1, 1], false, false },
        { [2, 4, 0], [2, 0, 3], false, false },        // a sum over nothing
        { [0, 4, 5], [5, 3], false, false },
        { [0, 4, 5], [1, 5, 3], false, false },
        { [130, 70], [70, 90], false, false },
        { [9, 130, 70], [9, 70, 90], false, false },
    };

    public void Dispose() => _cpu.Dispose();

    [Theory, MemberData(nameof(Shapes))]
    public void Product_and_gradients_are_those_of_plain_loops(long[] a, long[] b, bool transposeA, bool transposeB)
    {
        var random = new Random(3);
        var (left, right) = (Normal(random, a), Normal(random, b));
        var attributes = new Dictionary<string, string> { ["transpose_a"] = transposeA ? "true" : "false", ["transpose_b"] = transposeB ? "1" : "0" };
        var inputs = new Dictionary<string, Tensor> { ["a"] = left, ["b"] = right };
        var y = OperatorRunner.Run(_cpu, OperatorRunner.Find("matmul"), inputs, attributes, DType.F64)["y"];
        var dy = Normal(random, y.Shape.ToArray());
        inputs["cotangent.y"] = dy;
        foreach (var (dtype, tolerance) in ((DType, double)[])[(DType.F64, 1e-13), (DType.F32, 2e-6)])
        {
            var found = OperatorRunner.Run(_cpu, OperatorRunner.Find("matmul"), inputs, attributes, dtype);
            var expected = Loops(left, right, dy, transposeA, transposeB);
            AssertClose(expected.Y, found["y"], tolerance);
            AssertClose(expected.Da, found["grad.a"], tolerance);
            AssertClose(expected.Db, found["grad.b"], tolerance);
        }
    }

    private static Tensor Normal(Random random, long[] sizes)
    {
        var tensor = new Tensor(new Shape(sizes), DType.F64);
        foreach (ref double value in tensor.Span<double>())
        {
            value = random.NextDouble() + random.NextDouble() - 1;
        }

        return tensor;
    }

    private static (double[] Y, double[] Da, double[] Db) Loops(Tensor a, Tensor b, Tensor dy, bool transposeA, bool transposeB)
    {
        var (y, da, db) = (new double[dy.Count], new double[a.Count], new double[b.Count]);
        int rank = dy.Shape.Rank;
        long n = dy.Shape[-1], k = a.Shape[transposeA ? -2 : -1];
        var index = new long[rank];
        for (int at = 0; at < y.Length; at++)
        {
            long rest = at;
            for (int i = rank - 1; i >= 0; i--)
            {
                index[i] = rest % dy.Shape[i];
                rest /= dy.Shape[i];
            }

            for (long s = 0; s < k; s++)
            {
                long ia = Offset(a, index, transposeA ? s : index[^2], transposeA ? index[^2] : s);
                long ib = Offset(b, index, transposeB ? index[^1] : s, transposeB ? s : index[^1]);
                y[at] += a.Span<double>()[(int)ia] * b.Span<double>()[(int)ib];
                da[ia] += dy.Span<double>()[at] * b.Span<double>()[(int)ib];
                db[ib] += dy.Span<double>()[at] * a.Span<double>()[(int)ia];
            }
        }

        return (y, da, db);
    }

    private static long Offset(Tensor x, long[] index, long row, long column)
    {
        long offset = 0;
        for (int i = 0; i < x.Shape.Rank - 2; i++)
        {
            offset = (offset * x.Shape[i]) + (x.Shape[i] == 1 ? 0 : index[index.Length - x.Shape.Rank + i]);
        }

        return (((offset * x.Shape[-2]) + row) * x.Shape[-1]) + column;
    }

    private static void AssertClose(double[] expected, Tensor found, double tolerance)
    {
        Assert.Equal(expected.Length, found.Count);
        double[] f = found.DType == DType.F64 ? found.ToArray<double>() : [.. found.ToArray<float>().Select(v => (double)v)];
        double distance = Math.Sqrt(f.Zip(expected, (x, y) => (x - y) * (x - y)).Sum());
        Assert.True(distance <= tolerance * Math.Sqrt(expected.Sum(e => e * e)), $"off by {distance}");
    }
}

using Engine.Kernels;
using Engine.Tensors;
using Engine.Tests;
using Xunit;

namespace Emulator.Tests;

/// <summary>The twins of kernels/mma.cuh, and that attention with a mistake in its use of them does not pass unseen.</summary>
public sealed unsafe class MmaTests(EmulatedDevice devices)
{
    private const int Keys = 64, Depth = 64, Heads = 2, Pitch = 72;

    private static readonly string s_wrappers = Source.Path("tests", "Emulator.Tests", "Kernels", "mma_wrappers.cu");

    [Theory, InlineData(16), InlineData(5)]
    public void Products_of_whole_numbers_are_exact_however_their_operands_are_loaded(int rows)
    {
        double[] a = [.. Enumerable.Range(0, 256).Select(i => (double)((i * 7 % 23) - 11))];
        double[] b = [.. Enumerable.Range(0, 256).Select(i => (double)((i * 5 % 19) - 9))];
        var y = new Tensor([5, 16, 16], DType.F32, devices.Gpu.Memory);
        devices.Gpu.Launch(
            KernelKey.OfFile(s_wrappers, "mma_wrappers"), DType.BF16, 1, 32, 0,
            [OnDevice(a), OnDevice(b), OnDevice(Transposed(a)), OnDevice(Transposed(b)), y, rows]);
        float[] found = y.OnHost().ToArray<float>();
        for (int i = 0; i < 256; i++)
        {
            double product = Enumerable.Range(0, 16).Sum(k => a[(i / 16 * 16) + k] * b[(k * 16) + (i % 16)]);
            double taken = i / 16 < rows ? product : 0;
            for (int way = 0; way < 5; way++)
            {
                Assert.Equal(way == 4 ? taken + product : taken, found[(256 * way) + i]);
            }
        }
    }

    [Fact]
    public void Packs_are_rounded_to_nearest_even()
    {
        float[] x = [0, -0f, 1, 1.00390625f, 1.01171875f, -1.00390625f, 3.4e38f, float.MaxValue, 1e-40f, float.PositiveInfinity, float.NegativeInfinity, 0.1f];
        var y = new Tensor([x.Length / 2], DType.F32, devices.Gpu.Memory);
        devices.Gpu.Launch(
            KernelKey.OfFile(s_wrappers, "mma_packs"), DType.BF16, 1, 32, 0,
            [Tensor.From<float>([x.Length], x).CopyTo(devices.Gpu.Memory), y, x.Length / 2]);
        var found = y.OnHost();
        for (int i = 0; i < x.Length; i++)
        {
            Assert.Equal(DTypes.ToBF16(x[i]), ((ushort*)found.Pointer)[i]);
        }
    }

    [Theory]
    [InlineData("the unchanged kernels", "", "", true)]
    [InlineData("a name misspelt", "mma_16816(second", "mma_16861(second", false)]
    [InlineData("registers swapped", "a[step], b[0], b[1]", "a[step], b[1], b[0]", false)]
    [InlineData(".trans missing", "ldmatrix_x4_trans(b", "ldmatrix_x4(b", false)]
    [InlineData("too little copied", "i < count * PACKS", "i < count * PACKS / 2", false)]
    [InlineData("results swapped", "multiply_by_rows(scores[n], scores[n + 1]", "multiply_by_rows(scores[n + 1], scores[n]", false)]
    [InlineData("a wait too weak", "cp_async_wait<0>", "cp_async_wait<1>", false)]
    [InlineData("a barrier too few", "            __syncthreads();\n        }\n\n        float sums", "        }\n\n        float sums", false)]
    public void A_mistake_with_tensor_cores_shows(string what, string right, string wrong, bool isRight)
    {
        string folder = Directory.CreateTempSubdirectory("mma-").FullName;
        try
        {
            int changes = 0;
            foreach (string path in Directory.GetFiles(Source.Path("kernels"), "*.cu*"))
            {
                string text = File.ReadAllText(path);
                if (Path.GetFileName(path).StartsWith("attention_mma", StringComparison.Ordinal) && right.Length > 0)
                {
                    changes += text.Contains(right, StringComparison.Ordinal) ? 1 : 0;
                    text = text.Replace(right, wrong, StringComparison.Ordinal);
                }

                text = text.Replace("define KEYS 208", $"define KEYS {Keys}", StringComparison.Ordinal);
                File.WriteAllText(Path.Combine(folder, Path.GetFileName(path)), text);
            }

            Assert.True(isRight || changes > 0, $"{what}: the text to change is not in the kernels");
            double distance;
            try
            {
                distance = Distance(KernelKey.OfFile(Path.Combine(folder, "attention_mma.cu"), "attention_mma_forward"));
            }
            catch (DwarfException error)
            {
                Assert.Contains("attention_mma.cuh:", error.Message, StringComparison.Ordinal);      // the misspelt name, with file and line
                distance = double.NaN;
            }

            Assert.True(isRight == (distance < 0.02), $"{what}: off by {distance:g3}");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>How far a forward kernel is from the definition of attention, over its size.</summary>
    private double Distance(KernelKey forward)
    {
        Tensor[] inputs = [.. Enumerable.Range(0, 3).Select(i => InputValues.Make([1, Heads, Keys, Depth], "float", null, 50 + i).To(DType.BF16))];
        var y = new Tensor([1, Heads, Keys, Depth], DType.BF16, devices.Gpu.Memory);
        var stats = new Tensor([1, Heads, Keys, 2], DType.F32, devices.Gpu.Memory);
        Tensor[] given = [.. inputs.Select(x => x.CopyTo(devices.Gpu.Memory))];
        long head = Keys * Depth, batch = Heads * head, row = Depth;
        devices.Gpu.Launch(
            forward, DType.BF16, Heads, 128, (2 * ((2 * Keys) + 64) * Pitch) + Keys,
            [
                given[0], given[1], given[2], (Tensor?)null, 0.125f, 0, 1f, 0L, 0L, y, stats,
                batch, head, row, batch, head, row, batch, head, row, (long)Heads, (long)Keys, (long)Keys,
            ]);
        double[] q = Doubles(inputs[0]), k = Doubles(inputs[1]), v = Doubles(inputs[2]), found = Doubles(y.OnHost());
        double error = 0, size = 0;
        for (int i = 0; i < Heads * Keys; i++)
        {
            int first = i / Keys * Keys;
            double Score(int j) => Enumerable.Range(0, Depth).Sum(c => q[(i * Depth) + c] * k[(j * Depth) + c]);
            double[] weights = [.. Enumerable.Range(first, Keys).Select(j => Math.Exp(0.125 * Score(j)))];
            double sum = weights.Sum();
            for (int c = 0; c < Depth; c++)
            {
                double expected = weights.Select((w, j) => w * v[((first + j) * Depth) + c]).Sum() / sum;
                error += Math.Pow(found[(i * Depth) + c] - expected, 2);
                size += expected * expected;
            }
        }

        return Math.Sqrt(error / size);
    }

    private static double[] Doubles(Tensor x) => x.To(DType.F64).ToArray<double>();

    private Tensor OnDevice(double[] values) => Tensor.From<double>([values.Length], values).To(DType.BF16).CopyTo(devices.Gpu.Memory);

    private static double[] Transposed(double[] x) => [.. Enumerable.Range(0, 256).Select(i => x[(i % 16 * 16) + (i / 16)])];
}

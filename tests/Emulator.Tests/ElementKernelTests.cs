using Engine.Autograd;
using Engine.Kernels;
using Engine.Kernels.Operators;
using Engine.Tensors;
using Engine.Tests;
using Xunit;

namespace Emulator.Tests;

/// <summary>What the operator rows do not reach: tails and addresses of flat kernels, 64-bit offsets, the order of the embedding's sums.</summary>
public sealed unsafe class ElementKernelTests(EmulatedDevice devices)
{
    [Theory]
    [InlineData(DType.F32)]
    [InlineData(DType.F64)]
    [InlineData(DType.BF16)]
    public void Gradients_are_added_exactly_at_every_tail_and_address_and_nothing_else_is_touched(DType dtype)
    {
        foreach (int count in (int[])[1, 2, 7, 8, 9, 1023, 1024, 2047, 2048, 2049, 4096, 4099, 9001])
        {
            foreach (int skip in (int[])[0, 1, 3, 8])
            {
                var (first, second) = (Whole(count + 16, 5, dtype), Whole(count + 16, 11, dtype));
                AccumulateCuda.AddInto(devices.Gpu, Part(first, skip, count), Part(second, skip, count));
                var found = first.OnHost().To(DType.F64).ToArray<double>();
                for (int i = 0; i < found.Length; i++)
                {
                    double expected = (i % 5) + (i >= skip && i < skip + count ? i % 11 : 0);
                    Assert.True(found[i] == expected, $"{dtype} [{count}] after {skip}: element {i} is {found[i]}, expected {expected}");
                }
            }
        }
    }

    [Theory]
    [InlineData("add", "a[5,1,64] b[7,1]")]
    [InlineData("mul", "a[2,3,1,5,1,2,1,8] b[2,1,4,1,3,1,2,1]")]
    [InlineData("reduce_sum", "x[2,6000,3,5]", "axes=1,3")]
    [InlineData("reduce_mean", "x[700,132]", "axes=0")]
    [InlineData("reduce_sum", "x[3,20000]", "axes=1")]
    [InlineData("permute", "x[2,33,1,3,65]", "dims=3,4,0,2,1")]
    [InlineData("permute", "x[3,40,16]", "dims=1,0,2")]
    [InlineData("concat", "x0[3,2,16] x1[3,5,16]", "dim=1")]
    [InlineData("slice", "x[3,7,16]", "dim=1 start=2 end=6")]
    [InlineData("bilinear_resize", "x[1,2,7,5]", "height=19 width=61")]
    public void Offsets_of_64_bits_give_the_same_bits(string op, string inputs, string attributes = "")
    {
        var row = new OperatorCase(op, inputs, attributes);
        var launches = new List<Captured>();
        using var tape = new Tape(devices.Gpu);
        var tensors = row.Tensors().ToDictionary(t => t.Key, t => tape.Constant(t.Value.To(DType.F32)));
        devices.Gpu.Observer = (in LaunchInfo launch) => launches.Add(new(launch));
        Tensor y;
        try
        {
            y = row.Info().Run(new(tape, row.Info(), tensors, row.AttributeTexts()))[0]!.Value;
        }
        finally
        {
            devices.Gpu.Observer = null;
        }

        byte[] expected = Bytes(y);
        y.Clear();
        Assert.NotEqual(expected, Bytes(y));
        Assert.NotEmpty(launches);
        foreach (var launch in launches)
        {
            int wide = launch.Kernel.Macro0 == "INDEX64" ? 0 : launch.Kernel.Macro1 == "INDEX64" ? 1 : -1;
            Assert.True(wide >= 0, $"{launch.Kernel.Name} has no macro INDEX64");
            devices.Gpu.Launch(
                launch.Kernel,
                DType.F32,
                launch.Grid,
                launch.Block,
                launch.SharedBytes,
                launch.Arguments,
                wide == 0 ? 1 : launch.Macros.V0,
                wide == 1 ? 1 : launch.Macros.V1);
        }

        Assert.Equal(expected, Bytes(y));
    }

    [Fact]
    public void An_embedding_row_is_summed_in_the_order_of_its_ids()
    {
        const int N = 700, D = 37;
        var ids = new Tensor([N], DType.I64);
        var dy = InputValues.Make([N, D], "float", "normal:0:1", seed: 3).To(DType.F32);
        float[] expected = new float[3 * D];
        for (int i = 0; i < N; i++)
        {
            long id = ids.Span<long>()[i] = i % 3 == 0 ? 2 : 0;      // nobody asks for row 1
            for (int j = 0; j < D; j++)
            {
                expected[(id * D) + j] += dy.Span<float>()[(i * D) + j];
            }
        }

        var dweight = Whole(3 * D, 5, DType.F32).View([3, D]);
        EmbeddingCuda.Backward(devices.Gpu, ids.CopyTo(devices.Gpu.Memory), dy.CopyTo(devices.Gpu.Memory), dweight);
        Assert.Equal(expected, dweight.OnHost().ToArray<float>());
    }

    [Theory]
    [InlineData(0.5f, 0.7f, 1, 0)]
    [InlineData(float.NaN, 0.7f, 0, 0)]
    [InlineData(0.7f, float.NaN, 1, 1)]
    [InlineData(0.5f, 0.5f, 0, 0)]
    public void Maps_find_the_first_extreme_and_nan_is_beyond_all(float first, float second, long highest, long lowest)
    {
        foreach (int p in (int[])[2, 196, 197, 1024, 5000])
        {
            float[] values = new float[p];
            values.AsSpan().Fill(second);
            values[0] = first;
            var x = Tensor.From([1, p], values).CopyTo(devices.Gpu.Memory);
            var (y, places) = (new Tensor([1, p], DType.F32, devices.Gpu.Memory), new Tensor([1, 2], DType.I64, devices.Gpu.Memory));
            ScaleMapCuda.Forward(devices.Gpu, MapScale.Minmax, x, y, places);
            Assert.Equal([highest, lowest], places.OnHost().ToArray<long>());
        }
    }

    /// <summary>A tensor on the device whose element i is i modulo a number: exact in every dtype, sums too.</summary>
    private Tensor Whole(int count, int modulo, DType dtype)
    {
        var host = new Tensor([count], DType.F32);
        for (int i = 0; i < count; i++)
        {
            host.Span<float>()[i] = i % modulo;
        }

        return host.To(dtype).CopyTo(devices.Gpu.Memory);
    }

    private static Tensor Part(Tensor whole, int skip, int count) =>
        new(whole.Owner, (byte*)whole.Pointer + (skip * whole.DType.Size()), [count], whole.DType, whole.Space);

    private static byte[] Bytes(Tensor tensor)
    {
        var host = tensor.OnHost();
        return host.ByteSpan(0, (int)host.Bytes).ToArray();
    }

    private sealed class Captured(in LaunchInfo launch)
    {
        public KernelKey Kernel { get; } = launch.Kernel;

        public Dim3 Grid { get; } = launch.Grid;

        public Dim3 Block { get; } = launch.Block;

        public int SharedBytes { get; } = launch.SharedBytes;

        public Arg[] Arguments { get; } = launch.Arguments.ToArray();

        public (int V0, int V1) Macros { get; } = launch.Macros;
    }
}

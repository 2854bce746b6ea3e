using Engine.Kernels;
using Engine.Tensors;
using Xunit;

namespace Engine.Tests.Cuda;

/// <summary>What a launch hands to a kernel.</summary>
public sealed unsafe class ArgTests
{
    [Fact]
    public void Values_lie_in_the_lower_bytes_as_the_kernel_reads_them()
    {
        Assert.Equal(unchecked((ulong)-5L), ((Arg)(-5)).BitsFor(DType.F32));
        Assert.Equal(-5, (int)((Arg)(-5)).BitsFor(DType.F32));
        Assert.Equal(1UL, ((Arg)true).BitsFor(DType.F32));
        Assert.Equal(1.5f, BitConverter.UInt32BitsToSingle((uint)((Arg)1.5f).BitsFor(DType.F64)));
        Assert.Equal(ulong.MaxValue, ((Arg)ulong.MaxValue).BitsFor(DType.F32));
        Assert.Equal(0xfedcba9876543210UL, ((Arg)unchecked((nint)0xfedcba9876543210UL)).BitsFor(DType.F32));
    }

    [Fact]
    public void An_accum_is_a_float_but_for_f64()
    {
        var arg = Arg.Accum(1e-5);
        Assert.Equal(1e-5f, BitConverter.UInt32BitsToSingle((uint)arg.BitsFor(DType.F32)));
        Assert.Equal(1e-5f, BitConverter.UInt32BitsToSingle((uint)arg.BitsFor(DType.BF16)));
        Assert.Equal(1e-5, BitConverter.UInt64BitsToDouble(arg.BitsFor(DType.F64)));
    }

    [Fact]
    public void A_tensor_is_its_address_and_an_absent_one_is_null()
    {
        var tensor = new Tensor([2, 3], DType.F32);
        ReadOnlySpan<Arg> args = [tensor, (Tensor?)null];
        Assert.Equal((ulong)tensor.Pointer, args[0].BitsFor(DType.F32));
        Assert.False(args[0].IsNull);
        Assert.True(args[1].IsNull);
    }

    [Theory]
    [InlineData("long long", true, true, false, false)]
    [InlineData("int", true, false, false, false)]
    [InlineData("accum", false, false, true, false)]
    [InlineData("scalar*", false, false, false, true)]
    public void Arguments_are_held_against_the_kernels_own_parameters(string type, bool small, bool large, bool accum, bool pointer)
    {
        var parameter = new KernelParameter(type, "p");
        Assert.Equal(small, parameter.Takes(7L, DType.F32));
        Assert.Equal(large, parameter.Takes(1L << 40, DType.F32));
        Assert.Equal(accum, parameter.Takes(Arg.Accum(1), DType.F32));
        Assert.Equal(pointer, parameter.Takes((nint)64, DType.F32));
    }

    [Fact]
    public void Grids_round_up_and_stay_in_bounds()
    {
        Assert.Equal(new Dim3(3), Dim3.Over(9, 4));
        Assert.Equal(0UL, Dim3.Over(0, 4).Count);
        Assert.Equal(new Dim3(int.MaxValue), Dim3.Over(int.MaxValue, 1));
        Assert.Equal(ErrorKind.Internal, Assert.Throws<DwarfException>(() => Dim3.Over(1L << 31, 1)).Kind);
        Assert.Equal(new Dim3(1u << 30), Dim3.Over(long.MaxValue, (1L << 33) + 1));
        Assert.Equal("8", new Dim3(8).ToString());
        Assert.Equal("8x1x2", new Dim3(8, 1, 2).ToString());
    }
}

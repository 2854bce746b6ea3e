using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>Fully connected layer on cuda: three matrix products, and one pass each way for bias and activation.</summary>
public static class LinearCuda
{
    private const int PartRows = 64, SinglePartRows = 128, Warp = 32;

    private static readonly KernelKey s_forward = new("linear", "linear_forward", "ACTIVATION");
    private static readonly KernelKey s_backward = new("linear", "linear_backward", "ACTIVATION");
    private static readonly KernelKey s_biasSum = new("linear", "linear_bias_sum", "ACTIVATION");

    /// <summary>y = activation(x·weightᵀ + bias).</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="x">[..., in]</param>
    /// <param name="weight">[out, in]</param>
    /// <param name="bias">[out] or null</param>
    /// <param name="activation">applied last</param>
    /// <param name="y">[..., out]</param>
    /// <param name="z">[..., out]: receives x·weightᵀ before bias and activation, as backward of GELU wants it; null = not wanted</param>
    public static void Forward(CudaDevice gpu, Tensor x, Tensor weight, Tensor? bias, GemmActivation activation, Tensor y, Tensor? z)
    {
        var (rows, @out, @in, product) = (Rows(y), weight.Shape[0], weight.Shape[1], z ?? y);
        if (bias is not null && activation == GemmActivation.None && gpu.Blas.TryProductWithBias(
            y.DType, false, true, rows, @out, @in, Address(x), @in, Address(weight), @in, Address(y), @out, Address(bias)))
        {
            return;
        }

        Multiply(gpu, false, true, rows, @out, @in, x, @in, weight, @in, product);
        if (bias is null && activation == GemmActivation.None)
        {
            return;
        }

        int width = Width(y.DType, @out), part = Part(rows);
        gpu.Launch(
            s_forward, y.DType, Grid(rows, part, @out, width), 128, 0, [product, bias, y, rows, @out, part, width], v0: (int)activation);
    }

    /// <summary>Through activation and bias in one pass: dpre = dy · activation'(pre), dbias = its column sums.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="activation">the activation</param>
    /// <param name="saved">[..., out]: z of <see cref="Forward"/> for GELU, y for ReLU, unused for none</param>
    /// <param name="bias">[out] or null: read for GELU, whose z lacks it</param>
    /// <param name="dy">[..., out]</param>
    /// <param name="dpre">[..., out]; null without activation, where it is dy</param>
    /// <param name="dbias">[out] or null: not wanted</param>
    /// <param name="parts">[<see cref="Parts"/>, out] in the accumulator's dtype: room for partial sums, if there is more than one</param>
    public static void BackwardActivation(
        CudaDevice gpu, GemmActivation activation, Tensor? saved, Tensor? bias, Tensor dy, Tensor? dpre, Tensor? dbias, Tensor? parts)
    {
        long @out = dy.Shape[-1], rows = Rows(dy);
        if (rows == 0)
        {
            dbias?.Clear();
            return;
        }

        if (dpre is null && dbias is null)
        {
            return;
        }

        int width = Width(dy.DType, @out), part = Part(rows);
        gpu.Launch(
            s_backward, dy.DType, Grid(rows, part, @out, width), 128, 0,
            [saved, activation == GemmActivation.Gelu ? bias : null, dy, dpre, dbias, parts, rows, @out, part, width], v0: (int)activation);
        if (parts is not null)
        {
            gpu.Launch(s_biasSum, dy.DType, Dim3.Over(@out, Warp), 256, 0, [parts, dbias, Parts(rows), @out], v0: (int)activation);
        }
    }

    /// <summary>dx = dpre·weight.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="weight">[out, in], in any shape</param>
    /// <param name="dpre">[..., out]</param>
    /// <param name="dx">[..., in]</param>
    public static void BackwardX(CudaDevice gpu, Tensor weight, Tensor dpre, Tensor dx) =>
        Multiply(gpu, false, false, Rows(dx), dx.Shape[-1], dpre.Shape[-1], dpre, dpre.Shape[-1], weight, dx.Shape[-1], dx);

    /// <summary>dweight = dpreᵀ·x.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="x">[..., in]</param>
    /// <param name="dpre">[..., out]</param>
    /// <param name="dweight">[out, in], in any shape</param>
    public static void BackwardWeight(CudaDevice gpu, Tensor x, Tensor dpre, Tensor dweight) =>
        Multiply(gpu, true, false, dpre.Shape[-1], x.Shape[-1], Rows(x), dpre, dpre.Shape[-1], x, x.Shape[-1], dweight);

    /// <summary>How many partial sums dbias needs; with one there are none, and dbias is written at once.</summary>
    /// <param name="rows">number of rows</param>
    /// <returns>decided by the rows alone, so that sums never depend on the device</returns>
    public static long Parts(long rows) => Math.Max(1, (rows + Part(rows) - 1) / Part(rows));

    private static int Part(long rows) => rows <= SinglePartRows ? SinglePartRows : PartRows;

    private static long Rows(Tensor x) => x.Shape.Fold(0, x.Shape.Rank - 1);

    /// <summary>Elements of a row that a thread takes: 16 bytes of them where every row begins at a multiple of 16 bytes.</summary>
    private static int Width(DType dtype, long @out)
    {
        int pack = 16 / dtype.Size();
        return @out % pack == 0 ? pack : 1;
    }

    private static Dim3 Grid(long rows, int part, long @out, int width) => Dim3.Over(rows, part).Count == 0
        ? 0
        : checked((long)Dim3.Over(rows, part).Count * (long)Dim3.Over(@out, Warp * width).Count);

    private static void Multiply(
        CudaDevice gpu, bool transposeA, bool transposeB, long m, long n, long k, Tensor a, long lda, Tensor b, long ldb, Tensor c) =>
        gpu.Blas.Product(c.DType, transposeA, transposeB, m, n, k, Address(a), lda, 0, Address(b), ldb, 0, Address(c), n, 0, 1);

    private static unsafe nint Address(Tensor tensor) => (nint)tensor.Pointer;
}

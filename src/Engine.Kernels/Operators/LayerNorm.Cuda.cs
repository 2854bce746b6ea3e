using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>Layer normalisation on a CUDA device: rows in registers up to 1024 elements, a block a row beyond.</summary>
public static class LayerNormCuda
{
    private const long RowsPerPart = 16;
    private const int MostHeld = 1024;
    private const int AnyHeld = 768;
    private static readonly KernelKey s_forward = new("layer_norm", "layer_norm_forward", "ROW");
    private static readonly KernelKey s_backward = new("layer_norm", "layer_norm_backward", "ROW");
    private static readonly KernelKey s_sums = new("layer_norm", "layer_norm_backward_sums", "ROW");
    private static readonly KernelKey s_longForward = new("layer_norm_long", "layer_norm_long_forward");
    private static readonly KernelKey s_longBackward = new("layer_norm_long", "layer_norm_long_backward");
    private static readonly KernelKey s_longColumns = new("layer_norm_long", "layer_norm_long_columns");

    /// <summary>y = (s - mean) * rstd * weight + bias with s = x + residual.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="x">[rows, d]</param>
    /// <param name="residual">[rows, d] or null</param>
    /// <param name="weight">[d]</param>
    /// <param name="bias">[d]</param>
    /// <param name="eps">added to the variance</param>
    /// <param name="y">[rows, d]</param>
    /// <param name="sum">[rows, d]: x + residual; null without residual</param>
    /// <param name="mean">[rows] of the accumulator's dtype</param>
    /// <param name="rstd">[rows] of the accumulator's dtype</param>
    public static void Forward(
        CudaDevice gpu, Tensor x, Tensor? residual, Tensor weight, Tensor bias, double eps, Tensor y, Tensor? sum, Tensor mean, Tensor rstd)
    {
        long rows = mean.Count;
        int d = checked((int)weight.Count);
        bool held = d <= MostHeld;
        gpu.Launch(
            held ? s_forward : s_longForward, x.DType, d == 0 ? 0 : held ? Dim3.Over(rows, 8) : rows, held ? 128 : 256, 0,
            [x, residual, weight, bias, Arg.Accum(eps), y, sum, mean, rstd, rows, d], held ? d : 0);
    }

    /// <summary>Gradients of the normalised sum, of weight and of bias.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="s">[rows, d]: what was normalised</param>
    /// <param name="weight">[d]</param>
    /// <param name="mean">[rows]</param>
    /// <param name="rstd">[rows]</param>
    /// <param name="dy">[rows, d], null: zero</param>
    /// <param name="dsum">[rows, d]: what arrived at the sum directly; null: nothing</param>
    /// <param name="ds">[rows, d] or null: not wanted</param>
    /// <param name="dweight">[d] or null: not wanted</param>
    /// <param name="dbias">[d] or null: not wanted</param>
    /// <param name="parts">[2, <see cref="Parts"/>, d] of the accumulator's dtype, where dweight or dbias is wanted</param>
    public static void Backward(
        CudaDevice gpu, Tensor s, Tensor weight, Tensor mean, Tensor rstd, Tensor? dy, Tensor? dsum, Tensor? ds, Tensor? dweight, Tensor? dbias,
        Tensor? parts)
    {
        long rows = mean.Count, count = Parts(rows);
        int d = checked((int)weight.Count);
        if (d is > 0 and <= MostHeld)
        {
            gpu.Launch(s_backward, s.DType, count, 128, 0, [s, weight, mean, rstd, dy, dsum, ds, parts, rows, d], d);
        }
        else
        {
            gpu.Launch(s_longBackward, s.DType, ds is null || d == 0 ? 0 : rows, 256, 0, [s, weight, mean, rstd, dy, dsum, ds, rows, d]);
            gpu.Launch(s_longColumns, s.DType, parts is null ? 0 : count * ((d + 255) / 256), 256, 0, [s, mean, rstd, dy, parts, rows, d]);
        }

        // It knows no row length: the macro's value only finds the module that is loaded already.
        gpu.Launch(
            s_sums, s.DType, parts is null ? 0 : new Dim3(((uint)d + 31) / 32, 2), 512, 0, [parts, dweight, dbias, count, d],
            d is > 0 and <= MostHeld ? d : AnyHeld);
    }

    /// <summary>How many partial sums backward makes.</summary>
    /// <param name="rows">number of rows</param>
    /// <returns>ceil(rows / 16)</returns>
    public static long Parts(long rows) => (rows + RowsPerPart - 1) / RowsPerPart;
}

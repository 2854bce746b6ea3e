using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>Batch normalisation on a CUDA device: sums in two stages of fixed order, then one pass over all elements.</summary>
public static unsafe class BatchNormCuda
{
    private const long PartElements = 4096;

    private static readonly KernelKey s_parts = new("batch_norm", "batch_norm_parts", "INDEX64");
    private static readonly KernelKey s_merge = new("batch_norm", "batch_norm_merge", "INDEX64");
    private static readonly KernelKey s_running = new("batch_norm", "batch_norm_running", "INDEX64");
    private static readonly KernelKey s_forward = new("batch_norm", "batch_norm_forward", "INDEX64");
    private static readonly KernelKey s_backwardParts = new("batch_norm", "batch_norm_backward_parts", "INDEX64");
    private static readonly KernelKey s_backwardMerge = new("batch_norm", "batch_norm_backward_merge", "INDEX64");
    private static readonly KernelKey s_backward = new("batch_norm", "batch_norm_backward", "INDEX64");

    /// <summary>How many parts a channel's sums are cut into.</summary>
    /// <param name="x">[b, c, n]</param>
    /// <returns>ceil(b · n / 4096)</returns>
    public static long Parts(Tensor x) => ((x.Shape[0] * x.Shape[2]) + PartElements - 1) / PartElements;

    /// <summary>Mean and 1 / √(variance + eps) of each channel, and the running averages a step further.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="x">[b, c, n], b·n at least 2</param>
    /// <param name="eps">added to the biased variance</param>
    /// <param name="momentum">share of this batch in the running averages</param>
    /// <param name="runningMean">[c] of the accumulator's dtype, updated</param>
    /// <param name="runningVar">[c] of the accumulator's dtype, updated by the unbiased variance, as in PyTorch</param>
    /// <param name="mean">[c] of the accumulator's dtype</param>
    /// <param name="rstd">[c] of the accumulator's dtype</param>
    /// <param name="parts">[c, <see cref="Parts"/>, 2] of the accumulator's dtype</param>
    public static void Statistics(
        CudaDevice gpu, Tensor x, double eps, double momentum, Tensor runningMean, Tensor runningVar, Tensor mean, Tensor rstd, Tensor parts)
    {
        long images = x.Shape[0], channels = x.Shape[1], n = x.Shape[2], count = Parts(x);
        int wide = Tiles.Index64(x.Count);
        gpu.Launch(s_parts, x.DType, channels * count, Tiles.Threads, 0, [x, parts, images, channels, n, count], wide);
        gpu.Launch(
            s_merge, x.DType, Dim3.Over(channels, 8), new Dim3(32, 8), 0,
            [parts, runningMean, runningVar, Arg.Accum(momentum), Arg.Accum(eps), mean, rstd, channels, count, images * n], wide);
    }

    /// <summary>The same two from running averages, which stay as they are.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="x">the input, for its dtype</param>
    /// <param name="runningMean">[c] of the accumulator's dtype</param>
    /// <param name="runningVar">[c] of the accumulator's dtype</param>
    /// <param name="eps">added to the variance</param>
    /// <param name="mean">[c] of the accumulator's dtype</param>
    /// <param name="rstd">[c] of the accumulator's dtype</param>
    public static void FromRunning(CudaDevice gpu, Tensor x, Tensor runningMean, Tensor runningVar, double eps, Tensor mean, Tensor rstd) =>
        gpu.Launch(
            s_running, x.DType, Dim3.Over(mean.Count, 256), 256, 0, [runningMean, runningVar, Arg.Accum(eps), mean, rstd, mean.Count],
            Tiles.Index64(x.Count));

    /// <summary>y = (x - mean) · rstd · weight + bias.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="x">[b, c, n]</param>
    /// <param name="weight">[c] or null: ones</param>
    /// <param name="bias">[c] or null: zeros</param>
    /// <param name="mean">[c] of the accumulator's dtype</param>
    /// <param name="rstd">[c] of the accumulator's dtype</param>
    /// <param name="y">[b, c, n]</param>
    public static void Forward(CudaDevice gpu, Tensor x, Tensor? weight, Tensor? bias, Tensor mean, Tensor rstd, Tensor y) => gpu.Launch(
        s_forward, x.DType, Tiles.Grid(x), Tiles.Threads, 0,
        [x, weight, bias, mean, rstd, y, x.Shape[1], x.Shape[2], x.Count, Wide(x, y, null)], Tiles.Index64(x.Count));

    /// <summary>Sums of each channel: of dy · (x - mean) · rstd, and of dy; also as the gradients of weight and bias.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="x">[b, c, n]; null: only the sums of dy</param>
    /// <param name="mean">[c] of the accumulator's dtype</param>
    /// <param name="rstd">[c] of the accumulator's dtype</param>
    /// <param name="dy">[b, c, n]</param>
    /// <param name="sums">[2, c] of the accumulator's dtype: receives both; the first is zero without x</param>
    /// <param name="dweight">[c] or null: not wanted</param>
    /// <param name="dbias">[c] or null: not wanted</param>
    /// <param name="parts">[c, <see cref="Parts"/>, 2] of the accumulator's dtype</param>
    public static void BackwardSums(
        CudaDevice gpu, Tensor? x, Tensor mean, Tensor rstd, Tensor dy, Tensor sums, Tensor? dweight, Tensor? dbias, Tensor parts)
    {
        long images = dy.Shape[0], channels = dy.Shape[1], n = dy.Shape[2], count = Parts(dy);
        int wide = Tiles.Index64(dy.Count);
        gpu.Launch(s_backwardParts, dy.DType, channels * count, Tiles.Threads, 0, [x, mean, rstd, dy, parts, images, channels, n, count], wide);
        gpu.Launch(
            s_backwardMerge, dy.DType, Dim3.Over(channels, 8), new Dim3(32, 8), 0, [parts, sums, dweight, dbias, channels, count], wide);
    }

    /// <summary>dx, through the statistics where x and sums are given; without them mean and rstd are constants.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="x">[b, c, n] or null</param>
    /// <param name="weight">[c] or null: ones</param>
    /// <param name="mean">[c] of the accumulator's dtype</param>
    /// <param name="rstd">[c] of the accumulator's dtype</param>
    /// <param name="dy">[b, c, n]</param>
    /// <param name="sums">[2, c] of <see cref="BackwardSums"/>, or null</param>
    /// <param name="dx">[b, c, n]</param>
    public static void BackwardX(CudaDevice gpu, Tensor? x, Tensor? weight, Tensor mean, Tensor rstd, Tensor dy, Tensor? sums, Tensor dx) =>
        gpu.Launch(
            s_backward, dx.DType, Tiles.Grid(dx), Tiles.Threads, 0,
            [
                x, weight, mean, rstd, dy, sums, dx, dx.Shape[1], dx.Shape[2], dx.Count, dx.Shape[0] * dx.Shape[2],
                Wide(dy, dx, sums is null ? null : x),
            ],
            Tiles.Index64(dx.Count));

    /// <summary>Elements that share a channel's numbers: of 16 bytes where they lie within one channel, else 1.</summary>
    private static int Wide(Tensor a, Tensor b, Tensor? c)
    {
        int pack = 16 / a.DType.Size();
        return a.Shape[2] % pack == 0 && (((long)a.Pointer | (long)b.Pointer | (c is null ? 0 : (long)c.Pointer)) & 15) == 0 ? pack : 1;
    }
}

using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>Softmax over the last axis on a CUDA device: rows in registers up to 1024 elements, a block a row beyond.</summary>
public static class SoftmaxCuda
{
    private const int MostHeld = 1024;
    private static readonly KernelKey s_forward = new("softmax", "softmax_forward", "ROW");
    private static readonly KernelKey s_backward = new("softmax", "softmax_backward", "ROW");
    private static readonly KernelKey s_longForward = new("softmax", "softmax_long_forward");
    private static readonly KernelKey s_longBackward = new("softmax", "softmax_long_backward");

    /// <summary>y = exp(z - max z) / Σ exp(z - max z) with z = x + mask; a row that is −inf throughout gives zeros.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="x">[rows, d]</param>
    /// <param name="mask">broadcasts to x; null: none</param>
    /// <param name="y">[rows, d]</param>
    public static unsafe void Forward(CudaDevice gpu, Tensor x, Tensor? mask, Tensor y)
    {
        int d = checked((int)x.Shape[-1]);
        if (y.Count == 0)
        {
            return;
        }

        // The kernel knows three groups of outer axes; a mask that repeats along more of them takes one launch for each place of the others.
        var p = BroadcastPlan.Of(x.Shape, mask?.Shape ?? x.Shape, x.Shape, keepLast: true);
        long rows = y.Count / d, outer = p.Size(4) * p.Size(5) * p.Size(6) * p.Size(7), size = x.DType.Size();
        bool held = d <= MostHeld;
        for (long i = 0; i < outer; i++)
        {
            long first = i * (rows / outer);
            p.Offsets(first, out long offset, out _);
            nint from = (nint)x.Pointer + (nint)(first * d * size), to = (nint)y.Pointer + (nint)(first * d * size);
            nint line = mask is null ? 0 : (nint)mask.Pointer + (nint)(offset * size);
            gpu.Launch(
                held ? s_forward : s_longForward, x.DType, held ? Dim3.Over(rows / outer, 4) : rows / outer, held ? 128 : 256, 0,
                [from, line, to, rows / outer, d, p.InnerA == 1, p.Size(2), p.Size(1), p.StrideA(3), p.StrideA(2), p.StrideA(1)],
                held ? d : 0);
        }
    }

    /// <summary>dx = y · (dy - Σ dy · y).</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="y">[rows, d]</param>
    /// <param name="dy">[rows, d]</param>
    /// <param name="dx">[rows, d]</param>
    public static void Backward(CudaDevice gpu, Tensor y, Tensor dy, Tensor dx)
    {
        int d = checked((int)y.Shape[-1]);
        long rows = d == 0 ? 0 : y.Count / d;
        bool held = d <= MostHeld;
        gpu.Launch(
            held ? s_backward : s_longBackward, y.DType, held ? Dim3.Over(rows, 4) : rows, held ? 128 : 256, 0, [y, dy, dx, rows, d],
            held ? d : 0);
    }
}

using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>Max pooling on a CUDA device, a thread for each place, and on the way back for each pixel.</summary>
public static class MaxPool2dCuda
{
    private static readonly KernelKey s_forward = new("max_pool2d", "max_pool2d_forward", "INDEX64");
    private static readonly KernelKey s_backward = new("max_pool2d", "max_pool2d_backward", "INDEX64");

    /// <summary>y = the largest pixel that the window sees; NaN if it sees one.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="x">[b, c, h, w]</param>
    /// <param name="window">every place sees at least one pixel</param>
    /// <param name="y">[b, c, height, width]</param>
    /// <param name="indices">i64 as y: receives the pixel's number in its plane, the first of equals; null = not wanted</param>
    public static void Forward(CudaDevice gpu, Tensor x, in Window window, Tensor y, Tensor? indices) => gpu.Launch(
        s_forward, x.DType, Dim3.Over(y.Count, Tiles.Threads), Tiles.Threads, 0,
        [
            x, y, indices, y.Count, x.Shape[2], x.Shape[3], window.KernelY, window.KernelX, window.StrideY, window.StrideX, window.PadY, window.PadX,
            y.Shape[2], y.Shape[3],
        ],
        Tiles.Index64(Math.Max(x.Count, y.Count)));

    /// <summary>dx: each pixel gathers from the places that chose it.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="dy">[b, c, height, width]</param>
    /// <param name="indices">i64 as dy, from forward</param>
    /// <param name="window">as in forward</param>
    /// <param name="dx">[b, c, h, w]</param>
    public static void Backward(CudaDevice gpu, Tensor dy, Tensor indices, in Window window, Tensor dx) => gpu.Launch(
        s_backward, dx.DType, Dim3.Over(dx.Count, Tiles.Threads), Tiles.Threads, 0,
        [
            dy, indices, dx, dx.Count, dx.Shape[2], dx.Shape[3], window.KernelY, window.KernelX, window.StrideY, window.StrideX,
            window.PadY, window.PadX, dy.Shape[2], dy.Shape[3],
        ],
        Tiles.Index64(Math.Max(dx.Count, dy.Count)));
}

using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>Bilinear resizing on a CUDA device, pixel centres aligned (align_corners = false).</summary>
public static class BilinearResizeCuda
{
    private const int Threads = 256, RowsPerBlock = 8, Span = 512, GatherSpan = 1024, MostColumns = 2048, WideWindow = 8;

    private static readonly KernelKey s_forward = new("bilinear_resize", "bilinear_resize_forward", "INDEX64");
    private static readonly KernelKey s_backward = new("bilinear_resize", "bilinear_resize_backward", "INDEX64", "LANES");

    /// <summary>y = x resized.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="x">[planes, h, w]</param>
    /// <param name="y">[planes, height, width]</param>
    public static void Forward(CudaDevice gpu, Tensor x, Tensor y)
    {
        var (planes, h, w, height, width) = (x.Shape[0], x.Shape[1], x.Shape[2], y.Shape[1], y.Shape[2]);

        // Neighbouring outputs look at inputs w / width apart, and each at two.
        long columns = w <= Span ? width : Math.Max(1, (Span - 3) * width / w);
        long blocks = planes * ((height + RowsPerBlock - 1) / RowsPerBlock) * ((width + columns - 1) / columns);
        gpu.Launch(s_forward, x.DType, blocks, Threads, 0, [x, y, planes, h, w, height, width, (int)columns], Wide(x, y));
    }

    /// <summary>dx: each input pixel gathers from the output pixels that look at it, in a fixed order.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="dy">[planes, height, width]</param>
    /// <param name="dx">[planes, h, w]</param>
    public static void Backward(CudaDevice gpu, Tensor dy, Tensor dx)
    {
        var (planes, h, w, height, width) = (dx.Shape[0], dx.Shape[1], dx.Shape[2], dy.Shape[1], dy.Shape[2]);
        int lanes = width >= w * WideWindow ? 32 : 1;

        // Neighbouring inputs' outputs are width / w apart, and each has those of two.
        long columns = Math.Clamp(((GatherSpan - 2) * w / width) - 1, 1, Math.Min(w, MostColumns));
        long blocks = planes * h * ((w + columns - 1) / columns);
        gpu.Launch(s_backward, dx.DType, blocks, Threads, 0, [dy, dx, planes, h, w, height, width, (int)columns], Wide(dy, dx), lanes);
    }

    /// <summary>Places are worked out in whole numbers up to about twice the product of both lengths.</summary>
    private static int Wide(Tensor from, Tensor to) => Tiles.Index64(Math.Max(
        Math.Max(from.Count, to.Count),
        2 * Math.Max((from.Shape[1] + 1) * (to.Shape[1] + 1), (from.Shape[2] + 1) * (to.Shape[2] + 1))));
}

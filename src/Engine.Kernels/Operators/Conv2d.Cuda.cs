using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>Convolution on a CUDA device: the columns of a few images at a time, then one product; a 1x1 window needs no columns.</summary>
public static unsafe class Conv2dCuda
{
    /// <summary>Elements of columns that exist at once, unless a single image has more: 64 MB of f32.</summary>
    private const long Most = 1 << 24;

    private const int Threads = 256, PerBlock = 2048;

    private static readonly KernelKey s_unfold = new("conv2d", "conv2d_unfold", "INDEX64");
    private static readonly KernelKey s_fold = new("conv2d", "conv2d_fold", "INDEX64");

    /// <summary>Images whose columns exist at once.</summary>
    /// <param name="x">[b, c, h, w]</param>
    /// <param name="window">the window</param>
    /// <returns>at least 1; decided by the sizes alone</returns>
    public static long Together(Tensor x, in Window window) =>
        Math.Max(1, Math.Min(x.Shape[0], Most / Math.Max(1, ColumnsOf(x, in window))));

    /// <summary>Elements of the columns of one image.</summary>
    /// <param name="x">[b, c, h, w]</param>
    /// <param name="window">the window</param>
    /// <returns>c · ky · kx · places</returns>
    public static long ColumnsOf(Tensor x, in Window window) =>
        x.Shape[1] * window.Cells * window.Height(x.Shape[2]) * window.Width(x.Shape[3]);

    /// <summary>y = the window's products with the weights, without bias.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="x">[b, c, h, w]</param>
    /// <param name="weight">[o, c, ky, kx]</param>
    /// <param name="window">of the size of weight</param>
    /// <param name="y">[b, o, height, width]</param>
    /// <param name="columns">room for the columns of <see cref="Together"/> images; null for a 1x1 window that moves by one</param>
    public static void Forward(CudaDevice gpu, Tensor x, Tensor weight, in Window window, Tensor y, Tensor? columns)
    {
        long outputs = y.Shape[1], places = y.Shape[2] * y.Shape[3], depth = x.Shape[1] * window.Cells;
        long together = columns is null ? x.Shape[0] : Together(x, in window);
        for (long image = 0; image < x.Shape[0]; image += together)
        {
            long count = Math.Min(together, x.Shape[0] - image);
            nint from = At(x, image);
            if (columns is not null)
            {
                Unfold(gpu, x, image, count, in window, columns, together: false);
                from = (nint)columns.Pointer;
            }

            gpu.Blas.Product(
                x.DType, false, false, outputs, places, depth, (nint)weight.Pointer, depth, 0, from, places, depth * places,
                At(y, image), places, outputs * places, count);
        }
    }

    /// <summary>dx: every pixel gathers what the places that saw it give back.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="weight">[o, c, ky, kx]</param>
    /// <param name="dy">[b, o, height, width]</param>
    /// <param name="window">of the size of weight</param>
    /// <param name="dx">[b, c, h, w]</param>
    /// <param name="columns">as for <see cref="Forward"/></param>
    public static void BackwardX(CudaDevice gpu, Tensor weight, Tensor dy, in Window window, Tensor dx, Tensor? columns)
    {
        long outputs = dy.Shape[1], places = dy.Shape[2] * dy.Shape[3], depth = dx.Shape[1] * window.Cells;
        long h = dx.Shape[2], w = dx.Shape[3], together = columns is null ? dx.Shape[0] : Together(dx, in window);
        for (long image = 0; image < dx.Shape[0]; image += together)
        {
            long count = Math.Min(together, dx.Shape[0] - image), pixels = count * dx.Shape[1] * h * w;
            nint to = columns is null ? At(dx, image) : (nint)columns.Pointer;
            gpu.Blas.Product(
                dx.DType, true, false, depth, places, outputs, (nint)weight.Pointer, depth, 0, At(dy, image), places, outputs * places,
                to, places, depth * places, count);
            if (columns is not null)
            {
                gpu.Launch(
                    s_fold, dx.DType, Dim3.Over(pixels, Threads), Threads, 0,
                    [
                        columns, At(dx, image), pixels, h, w, window.KernelY, window.KernelX, window.StrideY, window.StrideX,
                        window.PadY, window.PadX, dy.Shape[3], places,
                    ],
                    Tiles.Index64(Math.Max(pixels, count * depth * places)));
            }
        }
    }

    /// <summary>dweight: one product for each group of images, groups in order.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="x">[b, c, h, w]</param>
    /// <param name="dy">[b, o, height, width]</param>
    /// <param name="window">of the size of weight</param>
    /// <param name="dweight">[o, c, ky, kx], or the same in f32 for bf16 (see <see cref="WantsWide"/>)</param>
    /// <param name="columns">room for the columns of <see cref="Together"/> images</param>
    /// <param name="turned">[o, <see cref="Together"/>, places]: room for dy with the output first</param>
    public static void BackwardWeight(CudaDevice gpu, Tensor x, Tensor dy, in Window window, Tensor dweight, Tensor columns, Tensor turned)
    {
        long outputs = dy.Shape[1], places = dy.Shape[2] * dy.Shape[3], depth = x.Shape[1] * window.Cells, together = Together(x, in window);
        if (x.Shape[0] == 0)
        {
            dweight.Clear();
        }

        for (long image = 0; image < x.Shape[0]; image += together)
        {
            long count = Math.Min(together, x.Shape[0] - image);
            nint slopes = At(dy, image);
            Unfold(gpu, x, image, count, in window, columns, together: true);
            if (count > 1)
            {
                // One pixel at a time: dy itself, its images behind its outputs.
                Unfold(gpu, dy, image, count, new Window(1, 1, 1, 1, 0, 0), turned, together: true);
                slopes = (nint)turned.Pointer;
            }

            gpu.Blas.Product(
                x.DType, dweight.DType, false, true, outputs, depth, count * places, slopes, count * places, 0,
                (nint)columns.Pointer, count * places, 0, (nint)dweight.Pointer, depth, 0, 1, image == 0 ? 0 : 1);
        }
    }

    /// <summary>Whether dweight is the sum of several products in bf16 and so must be summed in f32 first.</summary>
    /// <param name="x">[b, c, h, w]</param>
    /// <param name="window">the window</param>
    /// <returns>true: give <see cref="BackwardWeight"/> an f32 tensor, then <see cref="MatmulCuda.Narrow"/></returns>
    public static bool WantsWide(Tensor x, in Window window) => x.DType == DType.BF16 && Together(x, in window) < x.Shape[0];

    private static void Unfold(CudaDevice gpu, Tensor x, long image, long count, in Window window, Tensor columns, bool together)
    {
        long c = x.Shape[1], h = x.Shape[2], w = x.Shape[3], across = window.Width(w), elements = count * ColumnsOf(x, in window);
        gpu.Launch(
            s_unfold, x.DType, Dim3.Over(elements, PerBlock), Threads, 0,
            [
                At(x, image), columns, elements, count, c, h, w, window.KernelY, window.KernelX, window.StrideY, window.StrideX,
                window.PadY, window.PadX, across, window.Height(h) * across, together ? 1 : 0,
            ],
            Tiles.Index64(Math.Max(elements, count * c * h * w)));
    }

    private static nint At(Tensor tensor, long image) => (nint)tensor.Pointer + (nint)(image * tensor.Shape.Fold(1, 4) * tensor.DType.Size());
}

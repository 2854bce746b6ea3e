using System.Numerics;
using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>Convolution on cpu: the image's columns, a tile at a time, times the weights; a 1x1 window needs no columns.</summary>
/// <remarks>
/// Columns of a whole image never exist: forward and the weight's gradient make them for a tile of places, the image's gradient for a few
/// channels, in scratch memory that every image uses again; backward makes them anew. Chellapilla et al. 2006, "High performance
/// convolutional neural networks for document processing", section 3, describes the unrolled form.
/// </remarks>
public static unsafe class Conv2dCpu
{
    /// <summary>Elements of a tile of columns: 1 MB of f32, which stays in a core's L2 cache.</summary>
    private const long Tile = 1 << 18;

    /// <summary>Elements of a tile in backward, where a longer sum over places writes the result less often.</summary>
    private const long BackwardTile = 1 << 20;

    /// <summary>y = the window's products with the weights, plus bias.</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="x">[b, c, h, w]</param>
    /// <param name="weight">[o, c, ky, kx]</param>
    /// <param name="bias">[o] or null</param>
    /// <param name="window">of the size of weight</param>
    /// <param name="y">[b, o, height, width]</param>
    public static void Forward(CpuDevice cpu, Tensor x, Tensor weight, Tensor? bias, in Window window, Tensor y)
    {
        if (x.DType == DType.F64)
        {
            Convolution<double>.Of(x, weight, window, y).Forward(cpu, bias);
        }
        else
        {
            Convolution<float>.Of(x, weight, window, y).Forward(cpu, bias);
        }
    }

    /// <summary>dx: every pixel gathers what the places that saw it give back.</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="weight">[o, c, ky, kx]</param>
    /// <param name="dy">[b, o, height, width]</param>
    /// <param name="window">of the size of weight</param>
    /// <param name="dx">[b, c, h, w]</param>
    public static void BackwardX(CpuDevice cpu, Tensor weight, Tensor dy, in Window window, Tensor dx)
    {
        if (dx.DType == DType.F64)
        {
            Convolution<double>.Of(dx, weight, window, dy).BackwardX(cpu);
        }
        else
        {
            Convolution<float>.Of(dx, weight, window, dy).BackwardX(cpu);
        }
    }

    /// <summary>dweight: the sum over images and places, images in order.</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="x">[b, c, h, w]</param>
    /// <param name="dy">[b, o, height, width]</param>
    /// <param name="window">of the size of weight</param>
    /// <param name="dweight">[o, c, ky, kx]</param>
    public static void BackwardWeight(CpuDevice cpu, Tensor x, Tensor dy, in Window window, Tensor dweight)
    {
        if (x.DType == DType.F64)
        {
            Convolution<double>.Of(x, dweight, window, dy).BackwardWeight(cpu);
        }
        else
        {
            Convolution<float>.Of(x, dweight, window, dy).BackwardWeight(cpu);
        }
    }

    /// <summary>dbias: the sums of each channel over places, then over images in order.</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="dy">[b, o, height, width]</param>
    /// <param name="dbias">[o]</param>
    public static void BackwardBias(CpuDevice cpu, Tensor dy, Tensor dbias)
    {
        if (dy.DType == DType.F64)
        {
            BackwardBias<double>(cpu, dy, dbias);
        }
        else
        {
            BackwardBias<float>(cpu, dy, dbias);
        }
    }

    private static void BackwardBias<T>(CpuDevice cpu, Tensor dy, Tensor dbias)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        long places = dy.Shape[2] * dy.Shape[3];
        cpu.For(dbias.Count, Math.Max(1, 32768 / Math.Max(1, dy.Shape[0] * places)), (dy, dbias, places), static (in t, begin, end) =>
        {
            long outputs = t.dbias.Count;
            for (long output = begin; output < end; output++)
            {
                T sum = T.Zero;
                for (long image = 0; image < t.dy.Shape[0]; image++)
                {
                    sum += Rows.Sum(t.dy.Data<T>() + (((image * outputs) + output) * t.places), t.places);
                }

                t.dbias.Data<T>()[output] = sum;
            }
        });
    }

    /// <summary>Pointers and sizes of one call; x, weight and y may be gradients.</summary>
    private struct Convolution<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        private T* _x, _weight, _y, _bias;
        private long _images, _channels, _h, _w, _outputs, _places, _depth;
        private Window _window;

        public static Convolution<T> Of(Tensor x, Tensor weight, in Window window, Tensor y) => new()
        {
            _x = x.Data<T>(),
            _weight = weight.Data<T>(),
            _y = y.Data<T>(),
            _images = x.Shape[0],
            _channels = x.Shape[1],
            _h = x.Shape[2],
            _w = x.Shape[3],
            _outputs = y.Shape[1],
            _places = y.Shape[2] * y.Shape[3],
            _depth = x.Shape[1] * window.Cells,
            _window = window,
        };

        private readonly T* Image(long image) => _x + (image * _channels * _h * _w);

        private readonly T* Result(long image) => _y + (image * _outputs * _places);

        public void Forward(CpuDevice cpu, Tensor? bias)
        {
            _bias = bias is null ? null : bias.Data<T>();
            EachImage(cpu, static (in Convolution<T> c, CpuDevice cpu, bool alone, long image) => c.Forward(cpu, alone, image));
        }

        public readonly void BackwardX(CpuDevice cpu) =>
            EachImage(cpu, static (in Convolution<T> c, CpuDevice cpu, bool alone, long image) => c.BackwardX(cpu, alone, image));

        public readonly void BackwardWeight(CpuDevice cpu)
        {
            if (_images * _places == 0)
            {
                Rows.CopyOrClear(null, _weight, _outputs * _depth);
                return;
            }

            long tile = _window.IsPixel ? _places : Math.Clamp(BackwardTile / Math.Max(1, _depth), 1, _places);
            for (long image = 0; image < _images; image++)
            {
                for (long begin = 0; begin < _places; begin += tile)
                {
                    long count = Math.Min(tile, _places - begin);
                    T* columns = ColumnsOf(cpu, image, begin, count);
                    Multiply(cpu, false, true, _outputs, _depth, count, Result(image) + begin, _places, columns, count, _weight, _depth, image + begin > 0);
                }
            }
        }

        private delegate void ImageBody(in Convolution<T> convolution, CpuDevice cpu, bool alone, long image);

        /// <summary>Many or small images: one a thread. Few large ones: all threads on each. An element has the same bits either way.</summary>
        private readonly void EachImage(CpuDevice cpu, ImageBody body)
        {
            if (_images >= 4 * cpu.Threads || _outputs * _places * Math.Max(1, _depth) < 1 << 20)
            {
                cpu.For(_images, 1, (this, cpu, body), static (in (Convolution<T> Convolution, CpuDevice Cpu, ImageBody Body) t, long begin, long end) =>
                    t.Body(in t.Convolution, t.Cpu, true, begin));
                return;
            }

            for (long image = 0; image < _images; image++)
            {
                body(in this, cpu, false, image);
            }
        }

        private readonly void Forward(CpuDevice cpu, bool alone, long image)
        {
            T* y = Result(image);
            if (_bias is not null)
            {
                for (long output = 0; output < _outputs; output++)
                {
                    new Span<T>(y + (output * _places), checked((int)_places)).Fill(_bias[output]);
                }
            }

            long tile = _window.IsPixel ? _places : Math.Clamp(Tile / Math.Max(1, _depth), 64, Math.Max(64, _places));
            for (long begin = 0; begin < _places; begin += tile)
            {
                long count = Math.Min(tile, _places - begin);
                T* columns = ColumnsOf(cpu, image, begin, count);
                Multiply(alone ? null : cpu, false, false, _outputs, count, _depth, _weight, _depth, columns, count, y + begin, _places, _bias is not null);
            }
        }

        private readonly void BackwardX(CpuDevice cpu, bool alone, long image)
        {
            T* dx = Image(image), dy = Result(image);
            if (_window.IsPixel)
            {
                Multiply(alone ? null : cpu, true, false, _depth, _places, _outputs, _weight, _depth, dy, _places, dx, _places, false);
                return;
            }

            long cells = _window.Cells, tile = Math.Clamp(BackwardTile / Math.Max(1, cells * _places), 1, Math.Max(1, _channels));
            for (long channel = 0; channel < _channels; channel += tile)
            {
                long count = Math.Min(tile, _channels - channel);
                T* columns = Columns.Room<T>(count * cells * _places);
                Multiply(
                    alone ? null : cpu, true, false, count * cells, _places, _outputs, _weight + (channel * cells), _depth, dy, _places, columns, _places, false);
                Columns.Fold(cpu, columns, count, _h, _w, in _window, dx + (channel * _h * _w));
            }
        }

        private readonly T* ColumnsOf(CpuDevice cpu, long image, long begin, long count)
        {
            if (_window.IsPixel)
            {
                return Image(image) + begin;
            }

            T* columns = Columns.Room<T>(_depth * count);
            Columns.Unfold(cpu, Image(image), _channels, _h, _w, in _window, begin, count, columns);
            return columns;
        }

        private static void Multiply(
            CpuDevice? cpu, bool transA, bool transB, long m, long n, long k, T* a, long lda, T* b, long ldb, T* c, long ldc, bool accumulate) =>
            Gemm.RunOn(Gemm.VectorBits, cpu, transA, transB, m, n, k, a, lda, b, ldb, c, ldc, accumulate, default);
    }
}

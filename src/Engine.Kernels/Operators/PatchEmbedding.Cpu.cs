using System.Numerics;
using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>Patch embedding on cpu: patches become the rows of a matrix (the CLS token's row is zero), then one product.</summary>
public static unsafe class PatchEmbeddingCpu
{
    /// <summary>columns[b, n, (c, y, x)]: the pixels of each patch, row-major over the grid; with CLS, row 0 of every image is zero.</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="image">[b, c, h, w]</param>
    /// <param name="patch">p, divides h and w</param>
    /// <param name="columns">[b, n, c·p·p] with n = h/p · w/p, one more with CLS</param>
    public static void Unfold(CpuDevice cpu, Tensor image, long patch, Tensor columns) => Move(cpu, image, patch, columns, fold: false);

    /// <summary>The way back: image from columns.</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="columns">[b, n, c·p·p]</param>
    /// <param name="patch">p</param>
    /// <param name="image">[b, c, h, w]</param>
    public static void Fold(CpuDevice cpu, Tensor columns, long patch, Tensor image) => Move(cpu, image, patch, columns, fold: true);

    /// <summary>y = columns·weightᵀ + bias, CLS row = the token, and position embeddings added to all.</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="columns">[b, n, k]</param>
    /// <param name="weight">[d, k] in any shape</param>
    /// <param name="bias">[d]</param>
    /// <param name="cls">[d] or null</param>
    /// <param name="positions">[n, d] or null</param>
    /// <param name="y">[b, n, d]</param>
    public static void Forward(CpuDevice cpu, Tensor columns, Tensor weight, Tensor bias, Tensor? cls, Tensor? positions, Tensor y)
    {
        if (y.DType == DType.F64)
        {
            Forward<double>(cpu, columns, weight, bias, cls, positions, y);
        }
        else
        {
            Forward<float>(cpu, columns, weight, bias, cls, positions, y);
        }
    }

    /// <summary>Gradients of positions, CLS token and bias: sums of dy over the batch, and of those over the patches.</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="dy">[b, n, d]</param>
    /// <param name="dpositions">[n, d]: receives the sums over the batch, wanted or not</param>
    /// <param name="dcls">[d] or null: not wanted</param>
    /// <param name="dbias">[d] or null: not wanted</param>
    /// <param name="hasCls">whether row 0 is the CLS token, which has no bias</param>
    public static void BackwardVectors(CpuDevice cpu, Tensor dy, Tensor dpositions, Tensor? dcls, Tensor? dbias, bool hasCls)
    {
        if (dy.DType == DType.F64)
        {
            BackwardVectors<double>(cpu, dy, dpositions, dcls, dbias, hasCls);
        }
        else
        {
            BackwardVectors<float>(cpu, dy, dpositions, dcls, dbias, hasCls);
        }
    }

    private static void Forward<T>(CpuDevice cpu, Tensor columns, Tensor weight, Tensor bias, Tensor? cls, Tensor? positions, Tensor y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        long n = y.Shape[1], d = y.Shape[2], k = columns.Shape[2], rows = y.Shape[0] * n;
        var epilogue = new GemmEpilogue<T> { Bias = bias.Data<T>() };
        Gemm.RunOn(
            Gemm.VectorBits, cpu, false, true, rows, d, k, columns.Data<T>(), k, weight.Data<T>(), k, y.Data<T>(), d, false, in epilogue);
        if (cls is null && positions is null)
        {
            return;
        }

        cpu.For(rows, Math.Max(1, 16384 / Math.Max(1, d)), (cls, positions, y, n, d), static (in t, begin, end) =>
        {
            for (long row = begin; row < end; row++)
            {
                T* y = t.y.Data<T>() + (row * t.d);
                if (t.cls is not null && row % t.n == 0)
                {
                    Rows.CopyOrClear(t.cls.Data<T>(), y, t.d);
                }

                if (t.positions is not null)
                {
                    Rows.Add(y, t.positions.Data<T>() + (row % t.n * t.d), y, t.d);
                }
            }
        });
    }

    private static void BackwardVectors<T>(CpuDevice cpu, Tensor dy, Tensor dpositions, Tensor? dcls, Tensor? dbias, bool hasCls)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        long n = dy.Shape[1], d = dy.Shape[2];
        cpu.For(n, Math.Max(1, 8192 / Math.Max(1, d * dy.Shape[0])), (dy, dpositions, n, d), static (in t, begin, end) =>
        {
            T* sums = t.dpositions.Data<T>();
            Rows.CopyOrClear<T>(null, sums + (begin * t.d), (end - begin) * t.d);
            for (long batch = 0; batch < t.dy.Shape[0]; batch++)
            {
                T* dy = t.dy.Data<T>() + (batch * t.n * t.d);
                Rows.Add(sums + (begin * t.d), dy + (begin * t.d), sums + (begin * t.d), (end - begin) * t.d);
            }
        });
        if (dcls is not null)
        {
            Rows.CopyOrClear(dpositions.Data<T>(), dcls.Data<T>(), d);
        }

        if (dbias is not null)
        {
            long first = hasCls ? 1 : 0;
            Rows.ColumnSums(dpositions.Data<T>() + (first * d), n - first, d, dbias.Data<T>());
        }
    }

    private static void Move(CpuDevice cpu, Tensor image, long patch, Tensor columns, bool fold)
    {
        long grid = image.Shape[2] / patch;
        cpu.For(image.Shape[0] * grid, 4, (image, patch, columns, fold, grid), static (in t, begin, end) =>
        {
            long p = t.patch, c = t.image.Shape[1], h = t.image.Shape[2], w = t.image.Shape[3], n = t.columns.Shape[1];
            long size = t.image.DType.Size(), across = w / p, first = n - (t.grid * across);
            byte* image = (byte*)t.image.Pointer, columns = (byte*)t.columns.Pointer;
            for (long i = begin; i < end; i++)
            {
                long batch = i / t.grid, line = i % t.grid;
                byte* row = columns + (((batch * n) + first + (line * across)) * c * p * p * size);
                if (line == 0 && first > 0 && !t.fold)
                {
                    Rows.CopyOrClear(null, row - (c * p * p * size), c * p * p * size);
                }

                for (long j = 0; j < across; j++)
                {
                    for (long channel = 0; channel < c; channel++)
                    {
                        byte* pixels = image + (((((batch * c) + channel) * h) + (line * p)) * w * size) + (j * p * size);
                        for (long y = 0; y < p; y++, row += p * size, pixels += w * size)
                        {
                            Buffer.MemoryCopy(t.fold ? row : pixels, t.fold ? pixels : row, p * size, p * size);
                        }
                    }
                }
            }
        });
    }
}

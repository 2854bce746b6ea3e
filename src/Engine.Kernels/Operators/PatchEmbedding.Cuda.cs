using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>Patch embedding on a CUDA device: patches become the rows of a matrix (the CLS token's row is zero), then one product.</summary>
public static unsafe class PatchEmbeddingCuda
{
    private const int ImagesPerThread = 8;

    private static readonly KernelKey s_unfold = new("patch_embedding", "patch_embedding_unfold", "UNIT", "INDEX64");
    private static readonly KernelKey s_fold = new("patch_embedding", "patch_embedding_fold", "UNIT", "INDEX64");
    private static readonly KernelKey s_finish = new("patch_embedding", "patch_embedding_finish");
    private static readonly KernelKey s_vectors = new("patch_embedding", "patch_embedding_backward_vectors");

    /// <summary>columns[b, n, (c, y, x)]: the pixels of each patch, row-major over the grid; with CLS, row 0 of every image is zero.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="image">[b, c, h, w]</param>
    /// <param name="patch">p, divides h and w</param>
    /// <param name="columns">[b, n, c·p·p] with n = h/p · w/p, one more with CLS</param>
    public static void Unfold(CudaDevice gpu, Tensor image, long patch, Tensor columns) => Move(gpu, s_unfold, image, patch, columns, image, columns);

    /// <summary>The way back: image from columns.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="columns">[b, n, c·p·p]</param>
    /// <param name="patch">p</param>
    /// <param name="image">[b, c, h, w]</param>
    public static void Fold(CudaDevice gpu, Tensor columns, long patch, Tensor image) => Move(gpu, s_fold, image, patch, columns, columns, image);

    /// <summary>y = columns·weightᵀ + bias, CLS row = the token, and position embeddings added to all.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="columns">[b, n, k]</param>
    /// <param name="weight">[d, k] in any shape</param>
    /// <param name="bias">[d]</param>
    /// <param name="cls">[d] or null</param>
    /// <param name="positions">[n, d] or null</param>
    /// <param name="y">[b, n, d]</param>
    public static void Forward(CudaDevice gpu, Tensor columns, Tensor weight, Tensor bias, Tensor? cls, Tensor? positions, Tensor y)
    {
        long b = y.Shape[0], n = y.Shape[1], d = y.Shape[2], k = columns.Shape[2];
        gpu.Blas.Product(
            y.DType, false, true, b * n, d, k, (nint)columns.Pointer, k, 0, (nint)weight.Pointer, k, 0, (nint)y.Pointer, d, 0, 1);
        int pack = 16 / y.DType.Size(), wide = d % pack == 0 ? pack : 1;
        var grid = new Dim3(Dim3.Over(n * d / wide, 256).X, Dim3.Over(b, ImagesPerThread).X);
        gpu.Launch(s_finish, y.DType, grid, 256, 0, [bias, cls, positions, y, b, n, d, wide]);
    }

    /// <summary>Gradients of CLS token and bias from that of the positions.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="dpositions">[n, d]: the sums of dy over the batch</param>
    /// <param name="dcls">[d] or null: not wanted</param>
    /// <param name="dbias">[d] or null: not wanted</param>
    /// <param name="hasCls">whether row 0 is the CLS token, which has no bias</param>
    public static void BackwardVectors(CudaDevice gpu, Tensor dpositions, Tensor? dcls, Tensor? dbias, bool hasCls)
    {
        long d = dpositions.Shape[-1], n = dpositions.Count / Math.Max(1, d);
        var grid = Dim3.Over(d * dpositions.DType.Size(), 512);
        gpu.Launch(s_vectors, dpositions.DType, grid, new Dim3(32, 8), 0, [dpositions, dcls, dbias, hasCls ? 1L : 0, n, d]);
    }

    /// <summary>dweight = dyᵀ·columns; the CLS token's rows of the columns are zero and add nothing.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="columns">[b, n, k]</param>
    /// <param name="dy">[b, n, d]</param>
    /// <param name="dweight">[d, k] in any shape</param>
    public static void BackwardWeight(CudaDevice gpu, Tensor columns, Tensor dy, Tensor dweight)
    {
        long rows = dy.Shape[0] * dy.Shape[1], d = dy.Shape[2], k = columns.Shape[2];
        gpu.Blas.Product(
            dy.DType, true, false, d, k, rows, (nint)dy.Pointer, d, 0, (nint)columns.Pointer, k, 0, (nint)dweight.Pointer, k, 0, 1);
    }

    /// <summary>dcolumns = dy·weight.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="weight">[d, k] in any shape</param>
    /// <param name="dy">[b, n, d]</param>
    /// <param name="dcolumns">[b, n, k]</param>
    public static void BackwardColumns(CudaDevice gpu, Tensor weight, Tensor dy, Tensor dcolumns)
    {
        long rows = dy.Shape[0] * dy.Shape[1], d = dy.Shape[2], k = dcolumns.Shape[2];
        gpu.Blas.Product(
            dy.DType, false, false, rows, k, d, (nint)dy.Pointer, d, 0, (nint)weight.Pointer, k, 0, (nint)dcolumns.Pointer, k, 0, 1);
    }

    private static void Move(CudaDevice gpu, KernelKey kernel, Tensor image, long patch, Tensor columns, Tensor from, Tensor to)
    {
        long c = image.Shape[1], h = image.Shape[2], w = image.Shape[3], n = columns.Shape[1], size = image.DType.Size();
        int unit = CopyUnits.Widest(patch * size, from, to), cls = (int)(n - (h / patch * (w / patch)));
        gpu.Launch(
            kernel,
            to.DType,
            CopyUnits.Grid(to.Bytes),
            Tiles.Threads,
            0,
            [from, to, to.Bytes, c, h, w * size / unit, patch, patch * size / unit, n, cls],
            unit,
            Tiles.Index64(Math.Max(image.Count, columns.Count)));
    }
}

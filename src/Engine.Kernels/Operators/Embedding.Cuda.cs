using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>Table look-up on a CUDA device.</summary>
public static class EmbeddingCuda
{
    private const int RowsPerBlock = 16;

    private static readonly KernelKey s_forward = new("embedding", "embedding_forward", "UNIT");
    private static readonly KernelKey s_backward = new("embedding", "embedding_backward");

    /// <summary>y[i] = weight[ids[i]].</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="ids">i64 [n], each from 0 to v - 1: checked by the caller</param>
    /// <param name="weight">[v, d]</param>
    /// <param name="y">[n, d]</param>
    public static void Forward(CudaDevice gpu, Tensor ids, Tensor weight, Tensor y)
    {
        long rowBytes = weight.Shape[1] * weight.DType.Size();
        int unit = CopyUnits.Widest(rowBytes, weight, y);
        gpu.Launch(s_forward, y.DType, Dim3.Over(ids.Count, 8), new Dim3(32, 8), 0, [ids, weight, y, ids.Count, rowBytes], unit);
    }

    /// <summary>dweight[v] = Σ of dy over the places where v stood, in their order.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="ids">i64 [n]</param>
    /// <param name="dy">[n, d]</param>
    /// <param name="dweight">[v, d]</param>
    public static void Backward(CudaDevice gpu, Tensor ids, Tensor dy, Tensor dweight)
    {
        var (v, d) = (dweight.Shape[0], dweight.Shape[1]);
        gpu.Launch(s_backward, dy.DType, Dim3.Over(v, RowsPerBlock), new Dim3(32, 8), 0, [ids, dy, dweight, ids.Count, v, d]);
    }
}

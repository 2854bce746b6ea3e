using System.Runtime.CompilerServices;
using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>Reordering of axes on cpu: a gather, row by row of the result.</summary>
public static unsafe class PermuteCpu
{
    /// <summary>y[i0, i1, …] = x with axis dims[k] indexed by ik.</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="x">any</param>
    /// <param name="dims">a permutation of x's axes</param>
    /// <param name="y">x's sizes, permuted</param>
    public static void Forward(CpuDevice cpu, Tensor x, ReadOnlySpan<int> dims, Tensor y)
    {
        if (y.Count == 0)
        {
            return;
        }

        // Axes at the end that stay in place move as one block.
        int rank = dims.Length;
        while (rank > 0 && dims[rank - 1] == rank - 1)
        {
            rank--;
        }

        var plan = new Plan { X = x, Y = y, Axes = Math.Max(0, rank - 1), Block = x.Shape.Fold(rank, dims.Length) * x.DType.Size(), Inner = 1 };
        for (int i = 0; i < rank; i++)
        {
            plan.Size[i] = y.Shape[i];
            plan.Stride[i] = x.Shape.Fold(dims[i] + 1, dims.Length) * x.DType.Size();
        }

        if (rank > 0)
        {
            plan.Inner = plan.Size[rank - 1];
            plan.InnerStride = plan.Stride[rank - 1];
        }

        long rowBytes = plan.Inner * plan.Block;
        cpu.For(y.Bytes / rowBytes, Math.Max(1, 65536 / rowBytes), plan, static (in p, begin, end) =>
        {
            for (long row = begin; row < end; row++)
            {
                p.CopyRow(row);
            }
        });
    }

    private struct Plan
    {
        public Tensor X, Y;
        public int Axes;
        public long Block, Inner, InnerStride;
        public Longs Size, Stride;

        public readonly void CopyRow(long row)
        {
            byte* from = (byte*)X.Pointer;
            long rest = row;
            for (int i = Axes - 1; i >= 0; i--)
            {
                from += rest % Size[i] * Stride[i];
                rest /= Size[i];
            }

            byte* to = (byte*)Y.Pointer + (row * Inner * Block);
            switch (Block)
            {
                case 4:
                    Gather((int*)from, (int*)to);
                    break;
                case 8:
                    Gather((long*)from, (long*)to);
                    break;
                default:
                    for (long i = 0; i < Inner; i++)
                    {
                        Buffer.MemoryCopy(from + (i * InnerStride), to + (i * Block), Block, Block);
                    }

                    break;
            }
        }

        private readonly void Gather<T>(T* from, T* to)
            where T : unmanaged
        {
            long stride = InnerStride / sizeof(T);
            for (long i = 0; i < Inner; i++)
            {
                to[i] = from[i * stride];
            }
        }
    }

    [InlineArray(Shape.MaxRank)]
    private struct Longs
    {
        private long _first;
    }
}

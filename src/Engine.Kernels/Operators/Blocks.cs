using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>A part of one axis, seen as one block of bytes for every combination of the axes before it.</summary>
internal static unsafe class Blocks
{
    /// <summary>Copies between a part of an axis of a large tensor and the whole of a small one.</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="large">the tensor with the longer axis</param>
    /// <param name="axis">the axis</param>
    /// <param name="start">where the part begins in the large tensor</param>
    /// <param name="small">same sizes but for the axis</param>
    /// <param name="intoLarge">direction</param>
    /// <param name="clearRest">clears the large tensor outside the part</param>
    public static void Copy(CpuDevice cpu, Tensor large, int axis, long start, Tensor small, bool intoLarge, bool clearRest)
    {
        long unit = large.Shape.Fold(axis + 1, large.Shape.Rank) * large.DType.Size();
        long largeBlock = large.Shape[axis] * unit, block = small.Shape[axis] * unit, before = start * unit;
        cpu.For(
            large.Shape.Fold(0, axis),
            Math.Max(1, 65536 / Math.Max(1, clearRest ? largeBlock : block)),
            (large, small, largeBlock, block, before, intoLarge, clearRest),
            static (in t, begin, end) =>
            {
                for (long i = begin; i < end; i++)
                {
                    byte* part = (byte*)t.large.Pointer + (i * t.largeBlock) + t.before;
                    byte* whole = (byte*)t.small.Pointer + (i * t.block);
                    Rows.CopyOrClear(t.intoLarge ? whole : part, t.intoLarge ? part : whole, t.block);
                    if (t.clearRest)
                    {
                        Rows.CopyOrClear(null, part - t.before, t.before);
                        Rows.CopyOrClear(null, part + t.block, t.largeBlock - t.before - t.block);
                    }
                }
            });
    }
}

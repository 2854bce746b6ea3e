using System.Numerics;
using Engine.Autograd;
using Engine.Tensors;

namespace Dwarf.Model;

/// <summary>Truth masks as the loss needs them: some rows of a batch, and averages over the patches of a coarser grid.</summary>
public static class MaskRows
{
    /// <summary>Copies some rows.</summary>
    /// <param name="tape">gives the memory</param>
    /// <param name="masks">on the host; any shape, rows of <paramref name="size"/> elements</param>
    /// <param name="rows">i64, which</param>
    /// <param name="size">elements of a row</param>
    /// <returns>[rows,size], on the host</returns>
    public static unsafe Tensor Pick(Tape tape, Tensor masks, Tensor rows, long size)
    {
        var result = tape.OnHost([rows.Count, size], masks.DType);
        long bytes = size * masks.DType.Size();
        for (long i = 0; i < rows.Count; i++)
        {
            long row = rows.Data<long>()[i];
            Buffer.MemoryCopy((byte*)masks.Pointer + (row * bytes), (byte*)result.Pointer + (i * bytes), bytes, bytes);
        }

        return result;
    }

    /// <summary>The mean of each patch: how much of it the finding covers.</summary>
    /// <param name="tape">gives the memory</param>
    /// <param name="masks">[n,height·width]</param>
    /// <param name="height">pixels</param>
    /// <param name="width">pixels</param>
    /// <param name="rows">patches down</param>
    /// <param name="columns">patches across</param>
    /// <returns>[n,rows·columns]; a pixel on a border counts by its part inside</returns>
    public static Tensor Average(Tape tape, Tensor masks, long height, long width, long rows, long columns)
    {
        var result = tape.OnHost([masks.Shape[0], rows * columns], masks.DType);
        if (masks.DType == DType.F64)
        {
            Average<double>(masks, result, height, width, rows, columns);
        }
        else
        {
            Average<float>(masks, result, height, width, rows, columns);
        }

        return result;
    }

    private static unsafe void Average<T>(Tensor masks, Tensor result, long height, long width, long rows, long columns)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double patchHeight = (double)height / rows;
        double patchWidth = (double)width / columns;
        for (long n = 0; n < masks.Shape[0]; n++)
        {
            T* mask = masks.Data<T>() + (n * height * width);
            T* mean = result.Data<T>() + (n * rows * columns);
            for (long r = 0; r < rows; r++)
            {
                for (long c = 0; c < columns; c++)
                {
                    double sum = 0;
                    for (long y = (long)(r * patchHeight); y < Math.Min(height, (long)Math.Ceiling((r + 1) * patchHeight)); y++)
                    {
                        double inY = Overlap(y, r * patchHeight, (r + 1) * patchHeight);
                        for (long x = (long)(c * patchWidth); x < Math.Min(width, (long)Math.Ceiling((c + 1) * patchWidth)); x++)
                        {
                            sum += inY * Overlap(x, c * patchWidth, (c + 1) * patchWidth) * double.CreateChecked(mask[(y * width) + x]);
                        }
                    }

                    mean[(r * columns) + c] = T.CreateChecked(sum / (patchHeight * patchWidth));
                }
            }
        }
    }

    /// <summary>How much of pixel [at, at + 1) lies in [from, to).</summary>
    private static double Overlap(long at, double from, double to) => Math.Min(at + 1, to) - Math.Max(at, from);
}

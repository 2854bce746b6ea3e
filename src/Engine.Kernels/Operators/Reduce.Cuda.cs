using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>Sums over axes on a CUDA device; how a sum is split follows from the sizes alone, so it repeats bit for bit.</summary>
public static class ReduceCuda
{
    private const long WarpRow = 1024, SplitLength = 4096, SplitRows = 64, RowBlocks = 1024, ColumnBlocks = 512;

    private static readonly KernelKey s_rows = new("reduce", "reduce_rows", "INDEX64");
    private static readonly KernelKey s_rowsMerge = new("reduce", "reduce_rows_merge", "INDEX64");
    private static readonly KernelKey s_columns = new("reduce", "reduce_columns", "INDEX64");
    private static readonly KernelKey s_columnsMerge = new("reduce", "reduce_columns_merge", "INDEX64");

    /// <summary>y = scale · Σ over the plan's reduced axes of x.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="plan">how x is reduced</param>
    /// <param name="x">the input</param>
    /// <param name="scale">factor of every sum</param>
    /// <param name="y">the kept axes</param>
    /// <param name="parts">[<see cref="Parts"/>] of the accumulator's dtype: room for partial sums; null for none</param>
    public static void Sum(CudaDevice gpu, in ReducePlan plan, Tensor x, double scale, Tensor y, Tensor? parts)
    {
        var factor = Arg.Accum(parts is null ? scale : 1);
        int wide = Tiles.Index64(x.Count);
        long splits = Splits(plan, x.DType, out long chunk);
        ref readonly var p = ref plan;
        if (p.InnerReduced)
        {
            long length = p.Inner * p.OuterReduced;
            var (block, rows) = length <= WarpRow ? (new Dim3(32, 8), 8) : (new Dim3(256), 1);
            gpu.Launch(s_rows, x.DType, Dim3.Over(y.Count * splits, rows), block, 0, [
                x, factor, y, parts, y.Count, length, splits, chunk,
                p.Inner, p.Axes, p.Size(1), p.Size(2), p.Size(3), p.Size(4), p.Size(5), p.Size(6), p.Size(7),
            ], wide);
            if (parts is not null)
            {
                gpu.Launch(s_rowsMerge, x.DType, Dim3.Over(y.Count, 8), new Dim3(32, 8), 0, [parts, Arg.Accum(scale), y, y.Count, splits], wide);
            }
        }
        else
        {
            var grid = new Dim3(Dim3.Over(p.OuterKept * Strips(plan, x.DType), 1).X, (uint)splits);
            gpu.Launch(s_columns, x.DType, grid, new Dim3(32, 8), 0, [
                x, factor, y, parts, p.OuterKept, p.OuterReduced, chunk,
                p.Inner, p.Axes, p.Size(1), p.Size(2), p.Size(3), p.Size(4), p.Size(5), p.Size(6), p.Size(7),
            ], wide);
            if (parts is not null)
            {
                long bytes = y.Count * x.DType.Accumulator().Size();
                gpu.Launch(s_columnsMerge, x.DType, Dim3.Over(bytes, 512), new Dim3(32, 8), 0, [parts, Arg.Accum(scale), y, splits, y.Count], wide);
            }
        }
    }

    /// <summary>How many partial sums a reduction needs.</summary>
    /// <param name="plan">the reduction</param>
    /// <param name="dtype">of its input</param>
    /// <returns>0: none</returns>
    public static long Parts(in ReducePlan plan, DType dtype)
    {
        long splits = Splits(plan, dtype, out _);
        return splits == 1 ? 0 : splits * plan.OuterKept * (plan.InnerReduced ? 1 : plan.Inner);
    }

    /// <summary>Into how many parts each sum is cut, so that few outputs still fill a device, and how long a part is.</summary>
    private static long Splits(in ReducePlan plan, DType dtype, out long chunk)
    {
        bool rows = plan.InnerReduced;
        long length = plan.OuterReduced * (rows ? plan.Inner : 1);
        long blocks = Math.Max(1, plan.OuterKept * (rows ? 1 : Strips(plan, dtype)));
        long least = rows ? SplitLength : SplitRows, unit = rows ? 1024 : 8;
        long splits = Math.Min(length / least, (rows ? RowBlocks : ColumnBlocks) / blocks);
        if (splits <= 1)
        {
            chunk = length;
            return 1;
        }

        chunk = ((length / splits) + unit - 1) / unit * unit;
        return (length + chunk - 1) / chunk;
    }

    /// <summary>Strips of 512 bytes in a row of columns.</summary>
    private static long Strips(in ReducePlan plan, DType dtype) => ((plan.Inner * dtype.Size()) + 511) / 512;
}

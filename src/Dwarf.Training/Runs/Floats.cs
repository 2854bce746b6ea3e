using System.Runtime.InteropServices;
using Engine.Tensors;

namespace Dwarf.Training.Runs;

/// <summary>Between plain float arrays and tensors of either precision.</summary>
internal static class Floats
{
    /// <summary>Writes floats into a tensor, from a flat position on.</summary>
    public static void Store(ReadOnlySpan<float> from, Tensor to, long at)
    {
        if (to.DType == DType.F64)
        {
            var target = to.Span<double>()[(int)at..];
            for (int i = 0; i < from.Length; i++)
            {
                target[i] = from[i];
            }
        }
        else if (to.DType == DType.BF16)
        {
            var target = MemoryMarshal.Cast<byte, ushort>(to.ByteSpan(at * sizeof(ushort), from.Length * sizeof(ushort)));
            for (int i = 0; i < from.Length; i++)
            {
                target[i] = DTypes.ToBF16(from[i]);
            }
        }
        else
        {
            from.CopyTo(to.Span<float>()[(int)at..]);
        }
    }

    /// <summary>All elements as floats.</summary>
    public static float[] Load(Tensor from)
    {
        from = from.OnHost();
        if (from.DType == DType.BF16)
        {
            return Load(from.To(DType.F32));
        }

        if (from.DType != DType.F64)
        {
            return from.ToArray<float>();
        }

        var result = new float[from.Count];
        var source = from.Span<double>();
        for (int i = 0; i < result.Length; i++)
        {
            result[i] = (float)source[i];
        }

        GC.KeepAlive(from);
        return result;
    }
}

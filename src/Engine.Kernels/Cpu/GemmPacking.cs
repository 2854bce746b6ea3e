using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Engine.Kernels;

/// <summary>Copies panels of an operand into the order in which the micro-kernels read them: [k][lines of the panel].</summary>
internal static unsafe class GemmPacking
{
    private const int Block = 64;   // steps of k whose destination, 64 x 128 bytes, stays in the first-level cache

    /// <summary>destination[s, i] = source[i · line + s · step] for i below lines; 0 from there to width.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Panel<T>(T* source, nint line, nint step, nint lines, nint width, nint depth, T* destination)
        where T : unmanaged
    {
        if (lines < width)
        {
            for (nint s = 0; s < depth; s++)
            {
                new Span<T>(destination + s * width + lines, (int)(width - lines)).Clear();
            }
        }
        if (line == 1)
        {
            for (nint s = 0; s < depth; s++)
            {
                Line(source + s * step, destination + s * width, lines);
            }
            return;
        }
        for (nint s = 0; s < depth; s += Block)
        {
            nint count = Math.Min(Block, depth - s);
            nint i = 0;
            if (typeof(T) == typeof(float) && Sse.IsSupported && step == 1)
            {
                for (; i + 4 <= lines; i += 4)
                {
                    FourLines((float*)(source + i * line + s), line, count, (float*)(destination + s * width + i), width);
                }
            }
            for (; i < lines; i++)
            {
                T* from = source + i * line + s * step;
                T* to = destination + s * width + i;
                for (nint l = 0; l < count; l++)
                {
                    to[l * width] = from[l * step];
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Line<T>(T* source, T* destination, nint count)
        where T : unmanaged
    {
        nint i = 0;
        for (; i + Vector256<T>.Count <= count; i += Vector256<T>.Count)
        {
            Vector256.Load(source + i).Store(destination + i);
        }
        if (i + Vector128<T>.Count <= count)
        {
            Vector128.Load(source + i).Store(destination + i);
            i += Vector128<T>.Count;
        }
        for (; i < count; i++)
        {
            destination[i] = source[i];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FourLines(float* source, nint line, nint depth, float* destination, nint width)
    {
        nint s = 0;
        for (; s + 4 <= depth; s += 4)
        {
            float* from = source + s;
            Vector128<float> r0 = Vector128.Load(from), r1 = Vector128.Load(from + line);
            Vector128<float> r2 = Vector128.Load(from + 2 * line), r3 = Vector128.Load(from + 3 * line);
            Vector128<float> low01 = Sse.UnpackLow(r0, r1), low23 = Sse.UnpackLow(r2, r3);
            Vector128<float> high01 = Sse.UnpackHigh(r0, r1), high23 = Sse.UnpackHigh(r2, r3);
            float* to = destination + s * width;
            Sse.MoveLowToHigh(low01, low23).Store(to);
            Sse.MoveHighToLow(low23, low01).Store(to + width);
            Sse.MoveLowToHigh(high01, high23).Store(to + 2 * width);
            Sse.MoveHighToLow(high23, high01).Store(to + 3 * width);
        }
        for (; s < depth; s++)
        {
            for (nint i = 0; i < 4; i++)
            {
                destination[s * width + i] = source[i * line + s];
            }
        }
    }
}

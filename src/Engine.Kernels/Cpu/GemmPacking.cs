using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
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
            NativeMemory.Clear(destination, (nuint)(width * depth * sizeof(T)));
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
                for (; Avx512F.IsSupported && i + 16 <= lines; i += 16)
                {
                    SixteenLines((float*)(source + i * line + s), line, count, (float*)(destination + s * width + i), width);
                }
                for (; Avx.IsSupported && i + 8 <= lines; i += 8)
                {
                    EightLines((float*)(source + i * line + s), line, count, (float*)(destination + s * width + i), width);
                }
                while (lines >= 4 && i < lines)
                {
                    i = Math.Min(i, lines - 4);     // the last four once more rather than one to three on their own
                    FourLines((float*)(source + i * line + s), line, count, (float*)(destination + s * width + i), width);
                    i += 4;
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

    // Four lines by four steps are turned about in registers, with two unpacks and two moves for each pair of lines. Wider vectors do the
    // same in each of their quarters: lines 0-3, 4-7, … lie side by side, and the four results are rows of the panel.
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
        Rest(source, line, s, depth, 4, destination, width);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void EightLines(float* source, nint line, nint depth, float* destination, nint width)
    {
        nint s = 0;
        for (; s + 4 <= depth; s += 4)
        {
            float* from = source + s;
            Vector256<float> r0 = Two(from, line), r1 = Two(from + line, line), r2 = Two(from + 2 * line, line), r3 = Two(from + 3 * line, line);
            Vector256<float> low01 = Avx.UnpackLow(r0, r1), low23 = Avx.UnpackLow(r2, r3);
            Vector256<float> high01 = Avx.UnpackHigh(r0, r1), high23 = Avx.UnpackHigh(r2, r3);
            float* to = destination + s * width;
            Avx.Shuffle(low01, low23, 0x44).Store(to);
            Avx.Shuffle(low01, low23, 0xEE).Store(to + width);
            Avx.Shuffle(high01, high23, 0x44).Store(to + 2 * width);
            Avx.Shuffle(high01, high23, 0xEE).Store(to + 3 * width);
        }
        Rest(source, line, s, depth, 8, destination, width);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void SixteenLines(float* source, nint line, nint depth, float* destination, nint width)
    {
        nint s = 0;
        for (; s + 4 <= depth; s += 4)
        {
            float* from = source + s, half = from + 8 * line;
            Vector512<float> r0 = Vector512.Create(Two(from, line), Two(half, line));
            Vector512<float> r1 = Vector512.Create(Two(from + line, line), Two(half + line, line));
            Vector512<float> r2 = Vector512.Create(Two(from + 2 * line, line), Two(half + 2 * line, line));
            Vector512<float> r3 = Vector512.Create(Two(from + 3 * line, line), Two(half + 3 * line, line));
            Vector512<float> low01 = Avx512F.UnpackLow(r0, r1), low23 = Avx512F.UnpackLow(r2, r3);
            Vector512<float> high01 = Avx512F.UnpackHigh(r0, r1), high23 = Avx512F.UnpackHigh(r2, r3);
            float* to = destination + s * width;
            Avx512F.Shuffle(low01, low23, 0x44).Store(to);
            Avx512F.Shuffle(low01, low23, 0xEE).Store(to + width);
            Avx512F.Shuffle(high01, high23, 0x44).Store(to + 2 * width);
            Avx512F.Shuffle(high01, high23, 0xEE).Store(to + 3 * width);
        }
        Rest(source, line, s, depth, 16, destination, width);
    }

    /// <summary>Four steps of this line and of the fourth line after it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Two(float* source, nint line) =>
        Vector256.Create(Vector128.Load(source), Vector128.Load(source + 4 * line));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Rest(float* source, nint line, nint s, nint depth, nint lines, float* destination, nint width)
    {
        for (; s < depth; s++)
        {
            for (nint i = 0; i < lines; i++)
            {
                destination[s * width + i] = source[i * line + s];
            }
        }
    }
}

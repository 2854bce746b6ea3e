using Ptx.Tests.Interpreter;
using Xunit;

namespace Ptx.Tests;

/// <summary>The interpreter on small kernels of its own, against formulas.</summary>
public sealed class InterpreterTests
{
    private const string File = "tests/Ptx.Tests/Kernels/basics.cu";

    [Theory, InlineData(false), InlineData(true)]
    public void Saxpy_adds_in_every_thread_and_leaves_the_tail_alone(bool descending)
    {
        float[] x = [.. Enumerable.Range(0, 101).Select(static i => i - 50f)],
            y = [.. Enumerable.Range(0, 101).Select(static i => 0.5f * i)];
        float[] expected = [.. x.Zip(y, static (a, b) => (3 * a) + b)];
        var memory = new GlobalMemory();
        Launcher.Launch(PtxModules.Of(File, "F32"), "saxpy", new Size3(4), new Size3(32), 0,
            [memory.Add("x", x), memory.Add("y", y), BitConverter.SingleToUInt32Bits(3), 101], memory, descending);
        Assert.Equal(expected, y);
    }

    [Fact]
    public void Transpose_goes_through_shared_memory()
    {
        double[] x = [.. Enumerable.Range(0, 37 * 41).Select(static i => (double)i)], y = new double[x.Length];
        var memory = new GlobalMemory();
        Launcher.Launch(PtxModules.Of(File, "F64"), "transpose", new Size3(2, 2), new Size3(32, 8), 0,
            [memory.Add("x", x), memory.Add("y", y), 37, 41], memory);
        for (int r = 0; r < 37; r++)
        {
            for (int c = 0; c < 41; c++) Assert.Equal(x[(r * 41) + c], y[(c * 37) + r]);
        }
    }

    [Fact]
    public void Reductions_votes_and_counting_barriers_agree_with_sums()
    {
        float[] x = [.. Enumerable.Range(0, 200).Select(static i => (float)i)], total = new float[2];
        int[] votes = new int[1];
        var memory = new GlobalMemory();
        Launcher.Launch(PtxModules.Of(File, "F32"), "block_total", new Size3(2), new Size3(96), 128,
            [memory.Add("x", x), memory.Add("total", total), memory.Add("votes", votes), 200], memory);
        Assert.Equal([19900f, 19900f], total);
        Assert.Equal(2 * (16 + 5), votes[0]);
    }

    [Fact]
    public void Diverged_lanes_meet_again()
    {
        int[] y = new int[32];
        var memory = new GlobalMemory();
        Launcher.Launch(PtxModules.Of(File, "F32"), "diverged", new Size3(1), new Size3(32), 0, [memory.Add("y", y)], memory);
        for (int lane = 0; lane < 32; lane++) Assert.Equal(Collatz(lane + 1) + (1000 * Collatz(((lane + 1) & 31) + 1)), y[lane]);
    }

    [Fact]
    public void Functions_and_single_instructions_agree_with_dotnet()
    {
        double[] x = [.. Enumerable.Range(0, 32).Select(static i => (0.37 * i) - 5.2)], y = new double[32 * 8];
        var memory = new GlobalMemory();
        Launcher.Launch(PtxModules.Of(File, "F64"), "functions", new Size3(1), new Size3(32), 0, [memory.Add("x", x), memory.Add("y", y)],
            memory);
        for (int i = 0; i < 32; i++)
        {
            double v = x[i];
            double[] expected = [Math.Exp(v), Simpson(v), Math.Tanh(v), Math.Log(Math.Abs(v)), Math.Sqrt(Math.Abs(v)),
                Math.Log(1 + Math.Abs(v)), Math.Floor(v), Math.Max(v, 0.5)];
            for (int k = 0; k < 8; k++) Assert.True(Math.Abs(expected[k] - y[(8 * i) + k]) <= 2e-13 * Math.Max(1, Math.Abs(expected[k])),
                $"function {k} of {v}");
        }
    }

    [Fact]
    public void Switches_local_arrays_and_bit_instructions_work()
    {
        int[] which = [0, 1, 2, 3, 4, 5, 6, 1], y = new int[7];
        var memory = new GlobalMemory();
        Launcher.Launch(PtxModules.Of(File, "F32"), "chosen", new Size3(1), new Size3(7), 0,
            [memory.Add("which", which), memory.Add("y", y)], memory);
        Assert.Equal([7, 6, 11, 8, 29, 160, -1], y);
    }

    private static int Collatz(int n)
    {
        int steps = 0;
        for (; n != 1; steps++) n = n % 2 == 0 ? n / 2 : (3 * n) + 1;
        return steps;
    }

    // erf by Simpson's rule: independent of the series that the interpreter uses.
    private static double Simpson(double x)
    {
        const int Steps = 20000;
        double sum = 0, h = x / Steps;
        for (int k = 0; k <= Steps; k++) sum += (k is 0 or Steps ? 1 : k % 2 == 0 ? 2 : 4) * Math.Exp(-(k * h) * (k * h));
        return 2 / Math.Sqrt(Math.PI) * sum * h / 3;
    }
}

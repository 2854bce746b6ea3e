using Ptx.Tests.Interpreter;
using Xunit;

namespace Ptx.Tests;

/// <summary>The inline PTX of kernels/mma.cuh: right as it stands, and each of several small mistakes in it is found.</summary>
public sealed class TensorTests
{
    private const string Kernel = "tests/Ptx.Tests/Kernels/tensor.cu";

    [Theory, InlineData("sm_80"), InlineData("sm_90")]
    public void Products_of_integers_are_exact(string architecture) => Assert.Null(Wrong(PtxModules.Of(Kernel, "BF16", architecture)));

    [Theory]
    [InlineData("typo", "m8n8.x4.shared", "m8n8.x4.sharde", "unknown opcode 'ldmatrix.sync.aligned.m8n8.x4.sharde.b16'")]
    [InlineData("swapped registers", "{%4, %5, %6, %7}", "{%5, %4, %6, %7}", "c[")]
    [InlineData("missing .trans, x2", "x2.trans.", "x2.", "c_columns[")]
    [InlineData("missing .trans, x4", "x4.trans.", "x4.", "c_columns[")]
    [InlineData("wrong size", "[%0], [%1], 16, %2;", "[%0], [%1], 8, %2;", "cannot copy 8 bytes at once")]
    [InlineData("missing size", "[%0], [%1], 16, %2;", "[%0], [%1];", "takes 3 to 4 operands, found 2")]
    [InlineData("swapped destination", "{%0, %1, %2, %3}, {%4", "{%1, %0, %2, %3}, {%4", "c[")]
    [InlineData("weak wait", "\"n\"(pending)", "\"n\"(pending + 1)", "uninitialised shared memory is read")]
    [InlineData("swapped halves", "\"f\"(high), \"f\"(low)", "\"f\"(low), \"f\"(high)", "packed[")]
    [InlineData("narrow pointer", "\"l\"(from)", "\"r\"((unsigned)(size_t)from)", "as an address, it is .b32")]
    [InlineData("float as bits", "\"r\"(b0)", "\"f\"((float)b0)", "c[")]
    [InlineData("missing semicolon", "cp.async.commit_group;", "cp.async.commit_group", "expected ','")]
    [InlineData("missing register", "{%0, %1}, [%2];\" : \"=r\"(r[0])", "{%0}, [%2];\" : \"=r\"(r[0])", "with 2 registers as operand 1")]
    public void A_mutant_of_the_inline_ptx_is_caught(string mutation, string right, string wrong, string expected)
    {
        string folder = Directory.CreateTempSubdirectory("ptx-mutant-").FullName;
        try
        {
            string header = File.ReadAllText(Path.Combine(Clang.Root, "kernels", "mma.cuh"));
            Assert.True(header.Contains(right, StringComparison.Ordinal), $"{mutation}: mma.cuh has no {right}");
            File.WriteAllText(Path.Combine(folder, "mma.cuh"), header.Replace(right, wrong, StringComparison.Ordinal));
            File.Copy(Path.Combine(Clang.Root, Kernel), Path.Combine(folder, "tensor.cu"));
            string? found;
            try
            {
                found = Wrong(PtxModules.Of(Path.Combine(folder, "tensor.cu"), "BF16"));
            }
            catch (PtxException fault)
            {
                Assert.Matches(@"(mma\.cuh|tensor\.cu):\d+ ", fault.Message);
                found = fault.Message;
            }
            Assert.True(found != null, $"{mutation} passes unnoticed");
            Assert.Contains(expected, found, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // The first wrong number of a run, null for none. Small integers: every product and sum is exact.
    private static string? Wrong(Module module)
    {
        const int Part = 11;
        int[] a = [.. Enumerable.Range(0, 16 * 64).Select(static i => ((i * 7) + (i / 64)) % 13 - 6)],
            b = [.. Enumerable.Range(0, 64 * 16).Select(static i => ((i * 5) + (i / 16)) % 11 - 5)];
        ushort[] rows = new ushort[1024], columns = new ushort[1024];
        for (int k = 0; k < 64; k++)
        {
            for (int n = 0; n < 16; n++)
            {
                rows[(n * 64) + k] = ConversionOpcodes.Bfloat16(b[(k * 16) + n]);
                columns[(k * 16) + n] = ConversionOpcodes.Bfloat16(b[(k * 16) + n]);
            }
        }
        float[] c = new float[256], ofColumns = new float[256];
        uint[] packed = new uint[32];
        var memory = new GlobalMemory();
        Launcher.Launch(module, "tensor", new Size3(1), new Size3(32), 0,
            [
                memory.Add("a", a.Select(static v => ConversionOpcodes.Bfloat16(v)).ToArray()), memory.Add("b_rows", rows),
                    memory.Add("b_columns", columns),
                memory.Add("c", c), memory.Add("c_columns", ofColumns), memory.Add("packed", packed), Part,
            ],
            memory);
        for (int m = 0; m < 16; m++)
        {
            for (int n = 0; n < 16; n++)
            {
                int whole = 0, cut = 0;
                for (int k = 0; k < 64; k++)
                {
                    whole += a[(m * 64) + k] * b[(k * 16) + n];
                    if (k < 48 + Part) cut += a[(m * 64) + k] * b[(k * 16) + n];
                }
                if (c[(m * 16) + n] != whole) return $"c[{m},{n}] is {c[(m * 16) + n]}, not {whole}";
                if (ofColumns[(m * 16) + n] != cut) return $"c_columns[{m},{n}] is {ofColumns[(m * 16) + n]}, not {cut}";
            }
        }
        for (int lane = 0; lane < 32; lane++)
        {
            uint expected = ConversionOpcodes.Bfloat16(lane) | (uint)ConversionOpcodes.Bfloat16(-(float)lane / 3) << 16;
            if (packed[lane] != expected) return $"packed[{lane}] is {packed[lane]:x8}, not {expected:x8}";
        }
        return null;
    }
}

using Ptx.Tests.Interpreter;
using Xunit;

namespace Ptx.Tests;

/// <summary>What a kernel may not do is found, with the line of its source; so is PTX that no assembler would take.</summary>
public sealed class FaultTests
{
    private const string Head = ".version 7.8\n.target sm_80\n.address_size 64\n";

    private const string File = "tests/Ptx.Tests/Kernels/faults.cu";

    [Theory]
    [InlineData("past_global", "thread (31,0,0): st.global.u32: out of bounds: 4 bytes at offset 128 of x, which has 128")]
    [InlineData("past_shared", "out of bounds: 4 bytes at 128 of shared memory, of which the block has 128")]
    [InlineData("uninitialised", "uninitialised shared memory is read, byte 128")]
    [InlineData("misaligned", "thread (1,0,0): ld.global.v4.u32: misaligned: 16 bytes")]
    [InlineData("absent", "wait for lanes that never come")]
    [InlineData("divergent", "wait for lanes that never come")]
    [InlineData("null_pointer", "4 bytes at 0x0, which is nobody's memory")]
    [InlineData("endless", "the launch does not end")]
    [InlineData("rewritten", "read-only load of bytes of x that this launch wrote")]
    public void A_fault_is_named_with_line_block_and_thread(string kernel, string expected)
    {
        string[] lines = System.IO.File.ReadAllLines(Path.Combine(Clang.Root, File));
        int line = 1 + Array.FindIndex(lines, l => l.EndsWith($"// fault: {kernel}", StringComparison.Ordinal));
        float[] x = new float[32];
        x[0] = 1;
        if (kernel == "endless") x[0] = 0;
        var memory = new GlobalMemory();
        ulong address = memory.Add("x", x);
        ulong[] arguments = kernel switch
        {
            "null_pointer" => [address, 0],
            "rewritten" => [address, address],
            _ => [address],
        };
        var fault = Assert.Throws<PtxException>(() =>
            Launcher.Launch(PtxModules.Of(File, "F32"), kernel, new Size3(1), new Size3(32), 0, arguments, memory, instructions: 100_000));
        Assert.StartsWith($"{File}:{line} (faults.ptx:", fault.Message, StringComparison.Ordinal);
        Assert.Contains(kernel, fault.Message, StringComparison.Ordinal);
        Assert.Contains(expected, fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("add.f32 %f1, %f1, %rd1;", "wants .f32, %rd1 is .b64")]
    [InlineData("add.u32 %r1, %r1, %f1;", "wants .u32, %f1 is .f32")]
    [InlineData("add.u64 %rd1, %rd1, %r1;", "wants .u64, %r1 is .b32")]
    [InlineData("add.u32 %r1, %r1;", "takes 3 operands, found 2")]
    [InlineData("ad.u32 %r1, %r1, %r1;", "unknown opcode 'ad.u32'")]
    [InlineData("add.f16 %r1, %r1, %r1;", "unknown opcode 'add.f16'")]
    [InlineData("mov.u32 %r7, %r1;", "%r7 is not declared")]
    [InlineData("mov.u32 %r1, 4294967296;", "does not fit .u32")]
    [InlineData("add.f32 %f1, %f1, 1;", "wants .f32, found 1")]
    [InlineData("@%r1 bra $L;", "guards an instruction but is no predicate")]
    [InlineData("bra $nowhere;", "knows no label $nowhere")]
    [InlineData("ld.global.f32 %f1, [%r1];", "cannot use %r1 as an address")]
    [InlineData("ld.global.v4.f32 {%f1, %f1}, [%rd1];", "wants {…} with 4 registers")]
    [InlineData("mov.u32 %tid.x, %r1;", "cannot write to %tid.x")]
    [InlineData("mov.u32 %r1 %r1;", "expected ',', found '%r1'")]
    [InlineData("setp.lt.b32 %p1, %r1, %r1;", "cannot order untyped bits")]
    [InlineData("call.uni (%r1), nothing, (%r1);", "nothing, which is not declared")]
    public void Wrong_ptx_is_an_error_with_its_line(string statement, string expected)
    {
        string text = Head + ".visible .entry k(.param .u64 k_0)\n{\n.reg .pred %p<2>;\n.reg .b32 %r<2>;\n" +
            $".reg .f32 %f<2>;\n.reg .b64 %rd<2>;\n$L:\n{statement}\nret;\n}}\n";
        var fault = Assert.Throws<PtxException>(() => Parser.Parse("k.ptx", text));
        Assert.StartsWith("k.ptx:11: ", fault.Message, StringComparison.Ordinal);
        Assert.Contains(expected, fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(49152, true)]
    [InlineData(49153, false)]
    public void Static_shared_memory_is_summed_and_held_to_48_KB(int bytes, bool fits)
    {
        string text = Head + $".visible .entry k()\n{{\n.shared .align 4 .b8 a[1024];\n.shared .align 1 .b8 b[{bytes - 1024}];\nret;\n}}\n";
        var fault = Record.Exception(() => Parser.Parse("k.ptx", text));
        Assert.Equal(fits, fault == null);
        if (!fits) Assert.Contains("k.ptx:4: k has 49153 bytes of static shared memory, limit 49152", fault!.Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1025, 0, "1025 threads a block, limit 1024")]
    [InlineData(32, 166913, "166913 bytes of shared memory, limit 166912 on sm_80")]
    public void A_launch_beyond_the_limits_is_refused(uint threads, int shared, string expected)
    {
        var memory = new GlobalMemory();
        var fault = Assert.Throws<PtxException>(() =>
            Launcher.Launch(PtxModules.Of(File, "F32"), "past_global", new Size3(1), new Size3(threads), shared,
                [memory.Add("x", new float[32])], memory));
        Assert.Contains(expected, fault.Message, StringComparison.Ordinal);
    }
}

using Ptx.Tests.Interpreter;
using Xunit;

namespace Ptx.Tests;

/// <summary>Every kernel file compiles to PTX without a warning, and every word of that PTX is understood.</summary>
public sealed class CompileTests
{
    public static TheoryData<string, string> FilesAndDtypes
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (string file in KernelTable.Files)
            {
                foreach (string dtype in KernelTable.Dtypes) data.Add(file, dtype);
            }
            return data;
        }
    }

    [Theory, MemberData(nameof(FilesAndDtypes))]
    public void Kernels_compile_for_sm_80_and_sm_90_in_every_form(string file, string dtype)
    {
        foreach (string[] options in KernelTable.Options(file))
        {
            foreach (string architecture in new[] { "sm_80", "sm_90" })
            {
                Module module = PtxModules.Of($"kernels/{file}.cu", dtype, architecture, options);
                Assert.Equal(architecture, module.Target);
                foreach (Entry entry in module.Entries.Values)
                {
                    Assert.True(entry.LocalBytes == 0,
                        $"{entry.Name} {dtype} {string.Join(' ', options)}: {entry.LocalBytes} bytes of local memory: arrays not in registers");
                    Instruction? atomic = entry.Code.Find(static i => i.Opcode.StartsWith("atom", StringComparison.Ordinal)
                        && i.Opcode[^3] == 'f');
                    Assert.True(atomic == null, $"{atomic?.Place}: a floating-point atomic: sums would depend on the order of blocks");
                }
            }
        }
    }

    [Fact]
    public void Every_kernel_of_every_file_is_launched_by_an_operator()
    {
        Assert.NotEmpty(KernelTable.Files);
        foreach (string file in KernelTable.Files)
        {
            Assert.NotEmpty(KernelTable.Defined(file));
            foreach (string kernel in KernelTable.Defined(file)) Assert.Contains(KernelTable.Keys, k => k.File == file && k.Name == kernel);
        }
    }

    [Fact]
    public void A_deliberate_error_is_reported_with_file_and_line()
    {
        string file = Write("int good;\nextern \"C\" __global__ void broken(float* x)\n{\n    x[0] = undefined_name;\n}\n");
        var (exit, ptx, messages) = Clang.Compile(file, "F32", "sm_80");
        Assert.NotEqual(0, exit);
        Assert.Empty(ptx);
        Assert.Contains($"{file}:4:12: error:", messages);
    }

    [Fact]
    public void A_warning_is_an_error_with_file_and_line()
    {
        string file = Write("extern \"C\" __global__ void warned(float* x)\n{\n    int unused = 3;\n    x[0] = 1;\n}\n");
        var (exit, _, messages) = Clang.Compile(file, "F32", "sm_90");
        Assert.NotEqual(0, exit);
        Assert.Contains($"{file}:3:9: error:", messages);
    }

    private static string Write(string text)
    {
        string file = Path.Combine(Directory.CreateTempSubdirectory("ptx-error-").FullName, "error.cu");
        File.WriteAllText(file, text);
        return file;
    }
}

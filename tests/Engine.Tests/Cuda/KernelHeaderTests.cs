using Engine.Kernels;
using Engine.Tensors;
using Xunit;

namespace Engine.Tests.Cuda;

/// <summary>Headers above kernels, and the formulas in them.</summary>
public sealed class KernelHeaderTests
{
    private const string Sample = """
        #include "common.cuh"

        // scale_rows: y = x * factor. Twin of nothing.
        //   operator scale, other
        //   shapes   x, y [rows,d]; any rows
        //   launch   grid ceil(rows/4); block 128; shared 0
        //   reads    S*rows*d + (bias ? S*d : 0)
        //            + 8
        //   writes   A*rows*d
        //   bound    memory
        //   why      a warp a row:
        //            no shared memory
        extern "C" __global__ void __launch_bounds__(128) scale_rows(const scalar* x, const scalar* __restrict__ bias, accum factor,  // first
                                                                     scalar *y, long long rows, int d)
        {
        }
        """;

    [Fact]
    public void A_header_is_read_with_its_continued_lines_and_the_kernels_parameters()
    {
        var header = Assert.Single(KernelHeader.Parse(Sample, "scale.cu"));
        Assert.Equal(("scale_rows", 3), (header.Name, header.Line));
        Assert.Equal("y = x * factor. Twin of nothing.", header.Summary);
        Assert.Equal(["scale", "other"], header.Operators);
        Assert.Equal("grid ceil(rows/4); block 128; shared 0", header.Launch);
        Assert.Equal("a warp a row: no shared memory", header.Fields["why"]);
        Assert.Equal(
            [new("scalar*", "x"), new("scalar*", "bias"), new("accum", "factor"), new("scalar*", "y"), new("long long", "rows"),
                new("int", "d")],
            header.Parameters);
    }

    [Fact]
    public void Bytes_follow_from_dtype_sizes_and_which_tensors_are_given()
    {
        var header = Assert.Single(KernelHeader.Parse(Sample, "scale.cu"));
        Assert.Equal((2 * 30 + 2 * 10 + 8, 4 * 30), header.BytesOf(Launch(header, DType.BF16, bias: 64)));
        Assert.Equal((8 * 30 + 8, 8 * 30), header.BytesOf(Launch(header, DType.F64, bias: 0)));
    }

    private static LaunchInfo Launch(KernelHeader header, DType dtype, nint bias) => new()
    {
        Kernel = new KernelKey("scale", "scale_rows"),
        DType = dtype,
        Grid = 1,
        Block = 128,
        SharedBytes = 0,
        Arguments = new Arg[] { (nint)64, bias, Arg.Accum(2), (nint)64, 3L, 10 },
        Resources = default,
        Parameters = header.Parameters.ToArray(),
        Macros = default,
    };

    [Theory]
    [InlineData("//   reads    S*rows*d + (bias ? S*d : 0)", "//   reads    S*rows*", "scale.cu:7: ends too early")]
    [InlineData("//   bound    memory\n", "", "scale.cu:3: the header of scale_rows lacks 'bound'")]
    [InlineData("//   bound    memory", "//   why      no", "scale.cu:11: 'why' stands twice in the header of scale_rows")]
    [InlineData("// scale_rows:", "// scale_row:", "scale.cu:3: kernel scale_rows needs a header above it that begins '// scale_rows: …'")]
    public void A_fault_is_named_with_file_and_line(string sound, string faulty, string message)
    {
        string text = Sample.ReplaceLineEndings("\n");
        Assert.Contains(sound, text);
        if (faulty.Length > 0 && sound.Contains("reads"))
        {
            text = text.Replace("//            + 8\n", "");
        }
        var error = Assert.Throws<DwarfException>(() => KernelHeader.Parse(text.Replace(sound, faulty), "scale.cu"));
        Assert.Equal(ErrorKind.Content, error.Kind);
        Assert.StartsWith(message, error.Message);
    }

    [Theory]
    [InlineData("1 + 2*3", 7)]
    [InlineData("(1 + 2)*3 - -1", 10)]
    [InlineData("7/2*2", 7)]
    [InlineData("ceil(7/2)*2", 8)]
    [InlineData("min(3, max(1, 2)) % 2", 0)]
    [InlineData("n > 4 && p ? 1 : n == 4 ? 2 : 3", 2)]
    [InlineData("p ? 1 : q ? 2 : 3", 1)]
    [InlineData("gridDim.x*n", 32)]
    public void Formulas_have_their_values(string text, double value)
        => Assert.Equal(value, KernelExpression.Parse(text, "x.cu:1").Evaluate(
            name => name switch { "n" => 4, "p" => 1, "q" => 0, "gridDim.x" => 8, _ => null }));

    [Theory]
    [InlineData("1 +", "x.cu:1: ends too early in '1 +'")]
    [InlineData("(1", "x.cu:1: expected ')' at the end in '(1'")]
    [InlineData("1 2", "x.cu:1: unexpected '2' in '1 2'")]
    [InlineData("round(1)", "x.cu:1: unknown function 'round' (ceil, floor, min, max) in 'round(1)'")]
    [InlineData("1x", "x.cu:1: '1x' is no number in '1x'")]
    public void A_fault_in_a_formula_is_one_line(string text, string message)
        => Assert.Equal(message, Assert.Throws<DwarfException>(() => KernelExpression.Parse(text, "x.cu:1")).Message);

    [Fact]
    public void An_unknown_name_is_an_error_of_the_header()
    {
        var error = Assert.Throws<DwarfException>(() => KernelExpression.Parse("rows*d", "x.cu:9").Evaluate(name => name == "rows" ? 1
            : null));
        Assert.Equal("x.cu:9: unknown name 'd'", error.Message);
    }

    [Fact]
    public void Every_kernel_has_a_header_whose_formulas_use_its_own_parameters()
    {
        string folder = Source.Path("kernels");
        var headers = KernelFiles.All(folder).SelectMany(KernelHeader.Read).ToList();
        Assert.True(headers.Count >= 10, $"{headers.Count} kernels under {folder}");
        foreach (var header in headers)
        {
            string[] known = ["S", "A", "PACK", "shared", "gridDim.x", "gridDim.y", "gridDim.z", "blockDim.x", "blockDim.y", "blockDim.z",
                .. header.Parameters.Where(p => p.IsPointer || p.Type is "long long" or "int").Select(p => p.Name)];
            foreach (string name in header.Reads.Names.Concat(header.Writes.Names))
            {
                Assert.True(known.Contains(name) || name.All(c => char.IsAsciiLetterUpper(c) || c == '_'),
                    $"{header.File}:{header.Line}: {header.Name} has no parameter {name}");
            }
        }
        Assert.Equal(headers.Count, headers.Select(header => header.Name).Distinct().Count());
    }
}

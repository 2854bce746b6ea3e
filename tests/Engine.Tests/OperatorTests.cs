using Engine.Autograd;
using Engine.Autograd.Operators;
using Engine.Kernels;
using Engine.Tensors;
using Xunit;

namespace Engine.Tests;

/// <summary>What every row of <see cref="OperatorCases"/> must pass.</summary>
public sealed class OperatorTests : IDisposable
{
    private readonly CpuDevice _cpu = new(2);

    public void Dispose() => _cpu.Dispose();

    [Theory, MemberData(nameof(OperatorCases.Names), MemberType = typeof(OperatorCases))]
    public void Backward_matches_central_differences_in_f64(string name)
    {
        var row = OperatorCases.Find(name);
        var info = row.Info();
        if (!info.Differentiable)
        {
            return;
        }

        var tensors = row.Tensors();
        string[] leaves = [.. tensors.Keys.Where(k => OperatorCall.Declaration(info, k)!.Differentiable)];
        var comparisons = GradientCheck.Run(
            _cpu,
            (tape, variables) =>
            {
                var inputs = tensors.ToDictionary(
                    t => t.Key, t => Array.IndexOf(leaves, t.Key) is >= 0 and var i ? variables[i] : tape.Constant(t.Value));
                return row.Differentiated(info.Run(new OperatorCall(tape, info, inputs, row.AttributeTexts())));
            },
            [.. leaves.Select(l => tensors[l])]);
        for (int i = 0; i < leaves.Length; i++)
        {
            var c = row.Floor > 0 ? comparisons[i] with { Noise = comparisons[i].Noise + row.Floor } : comparisons[i];
            Assert.True(c.RelativeError <= 1e-6, $"{row}: gradient of {leaves[i]} is {c.RelativeError:g3} off");
        }
    }

    [Theory, MemberData(nameof(OperatorCases.Names), MemberType = typeof(OperatorCases))]
    public void Single_precision_agrees_with_double_on_the_same_inputs(string name)
    {
        var row = OperatorCases.Find(name);
        var single = Run(_cpu, row, DType.F32);
        var reference = Run(_cpu, row, DType.F64);
        Assert.Equal(reference.Keys, single.Keys);
        foreach (var (key, expected) in reference)
        {
            Assert.Equal(DType.F32, single[key].DType);
            Assert.Equal(expected.Shape, single[key].Shape);
            Close.Assert(single[key], expected, row.Rtol, row.Floor, $"{row}: {key}");
        }
    }

    [Theory, MemberData(nameof(OperatorCases.Names), MemberType = typeof(OperatorCases))]
    public void A_repeated_run_and_one_thread_give_the_same_bytes(string name)
    {
        var row = OperatorCases.Find(name);
        using var one = new CpuDevice(1);
        using var three = new CpuDevice(3);
        foreach (var dtype in (DType[])[DType.F32, DType.F64])
        {
            var first = Run(_cpu, row, dtype);
            AssertSameBytes(first, Run(_cpu, row, dtype), $"{row}: repeated");
            AssertSameBytes(first, Run(one, row, dtype), $"{row}: one thread");
            AssertSameBytes(first, Run(three, row, dtype), $"{row}: three threads");
        }
    }

    [Theory, MemberData(nameof(OperatorCases.WrongNames), MemberType = typeof(OperatorCases))]
    public void A_wrong_call_is_refused_in_one_line(string name)
    {
        var wrong = OperatorCases.WrongCalls.First(w => w.ToString() == name);
        var error = Assert.ThrowsAny<DwarfException>(() => Run(_cpu, wrong.Call, DType.F32));
        Assert.StartsWith(wrong.Operator + ":", error.Message, StringComparison.Ordinal);
        Assert.Contains(wrong.Message, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
        Assert.True(error.Kind is ErrorKind.Content or ErrorKind.Usage, $"{wrong} exits {(int)error.Kind}");
    }

    [Theory]
    [InlineData("y", "layer_norm: cotangent.y must be [2,8] (the shape of y), found [2,7]", 7, DType.F32)]
    [InlineData("y", "layer_norm: cotangent.y must be float, found i64", 8, DType.I64)]
    [InlineData("sum", "layer_norm: 'cotangent.sum' names no output of this call; it has y", 8, DType.F32)]
    public void A_wrong_cotangent_is_refused_by_its_name(string output, string message, long columns, DType dtype)
    {
        var row = new OperatorCase("layer_norm", "x[2,8] weight[8] bias[8]");
        var tensors = row.Tensors();
        tensors["cotangent." + output] = new Tensor([2, columns], dtype);
        var error = Assert.ThrowsAny<DwarfException>(() => OperatorRunner.Run(_cpu, row.Info(), tensors, row.AttributeTexts(), DType.F32));
        Assert.Equal((message, ErrorKind.Content), (error.Message, error.Kind));
    }

    [Fact]
    public void Every_operator_has_rows_an_empty_batch_and_a_wrong_call()
    {
        foreach (var info in OperatorCases.Operators)
        {
            var rows = OperatorCases.Rows.Where(r => r.Operator == info.Name).ToList();
            Assert.True(rows.Count > 0, $"{info.Name} has no row");
            Assert.True(rows.Any(r => r.Tensors().Values.Any(t => t.Count == 0)), $"{info.Name} has no row with an empty batch");
            Assert.True(OperatorCases.WrongCalls.Any(w => w.Operator == info.Name), $"{info.Name} has no wrong call");
            foreach (var input in info.Inputs.Where(i => i.Optional))
            {
                Assert.True(rows.Any(r => r.Tensors().ContainsKey(input.Name)), $"no row of {info.Name} gives {input.Name}");
            }
        }
    }

    [Fact]
    public void Every_operator_has_its_files()
    {
        foreach (var info in OperatorCases.Operators)
        {
            string stem = OperatorCases.Stem(info.Name);
            string record = Source.Path("src/Engine.Autograd/Operators", stem + ".cs");
            Assert.True(File.Exists(record), $"{info.Name}: {record} is not there");
            Assert.Contains($"\"{info.Name}\"", File.ReadAllText(record), StringComparison.Ordinal);
            string kernel = Source.Path("src/Engine.Kernels/Operators", stem + ".Cpu.cs");
            Assert.True(File.Exists(kernel), $"{info.Name}: {kernel} is not there");
        }
    }

    [Fact]
    public void Every_row_has_a_name_of_its_own()
    {
        Assert.Equal(OperatorCases.Rows.Count, OperatorCases.Rows.Select(r => r.ToString()).Distinct().Count());
        Assert.Equal(OperatorCases.WrongCalls.Count, OperatorCases.WrongCalls.Select(r => r.ToString()).Distinct().Count());
    }

    [Fact]
    public void Half_precision_is_refused_on_cpu()
    {
        foreach (var info in OperatorCases.Operators)
        {
            var error = Assert.Throws<DwarfException>(
                () => OperatorRunner.Run(_cpu, info, new Dictionary<string, Tensor>(), new Dictionary<string, string>(), DType.BF16));
            Assert.Equal(ErrorKind.Unavailable, error.Kind);
        }
    }

    /// <summary>Outputs and gradients of a row, with seeded cotangents for every output.</summary>
    private static Dictionary<string, Tensor> Run(CpuDevice cpu, OperatorCase row, DType dtype)
    {
        var (info, tensors, attributes) = (row.Info(), row.Tensors(), row.AttributeTexts());
        if (info.Differentiable)
        {
            foreach (var (name, output) in OperatorRunner.Run(cpu, info, tensors, attributes, dtype))
            {
                tensors["cotangent." + name] = InputValues.Make(output.Shape, "float", null, seed: 100 + tensors.Count);
            }
        }

        return OperatorRunner.Run(cpu, info, tensors, attributes, dtype);
    }

    private static void AssertSameBytes(Dictionary<string, Tensor> expected, Dictionary<string, Tensor> found, string because)
    {
        Assert.Equal(expected.Keys, found.Keys);
        foreach (var (key, tensor) in expected)
        {
            bool same = tensor.ByteSpan(0, (int)tensor.Bytes).SequenceEqual(found[key].ByteSpan(0, (int)tensor.Bytes));
            Assert.True(same, $"{because}: {key} differs");
        }
    }
}

using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using Engine.Autograd;
using Engine.Autograd.Operators;
using Engine.Tensors;
using Engine.Tests;
using Xunit;

namespace Ptx.Tests;

/// <summary>The rows of the operator table, forward and backward, with every kernel interpreted, against the cpu in f64.</summary>
public sealed class OperatorRowTests(InterpretedDevice device)
{
    private static readonly ConcurrentDictionary<(string Name, DType DType), Lazy<Exception?>> s_outcomes = new();

    // The row's f32 tolerance was measured on the cpu; clang joins other products and sums into fused ones.
    private const double Contracted = 3;

    // For gradients that are zero by cancellation: fused products leave a rounding error where the cpu leaves nothing.
    private const double Residue = 1e-6;

    [Theory, MemberData(nameof(OperatorCases.Names), MemberType = typeof(OperatorCases))]
    public void Double_precision_agrees_with_cpu(string name) => Run(name, DType.F64);

    [Theory, MemberData(nameof(OperatorCases.Names), MemberType = typeof(OperatorCases))]
    public void Single_precision_agrees_with_cpu_in_double(string name) => Run(name, DType.F32);

    [Theory, MemberData(nameof(OperatorCases.Names), MemberType = typeof(OperatorCases))]
    public void Half_precision_agrees_with_cpu_in_double(string name) => Run(name, DType.BF16);

    /// <summary>Runs all rows (each once: the theories above share their results) and holds what ran against what the files
    /// define.</summary>
    [Fact]
    public void Every_kernel_runs_in_every_dtype_that_it_compiles_for()
    {
        foreach (var row in OperatorCases.Rows)
        {
            foreach (DType dtype in new[] { DType.F32, DType.F64, DType.BF16 }) Outcome(row.ToString(), dtype);
        }
        new OtherKernelTests(device).RunAll();
        List<string> missing = [];
        foreach (string file in KernelTable.Files)
        {
            foreach (string dtype in KernelTable.Dtypes)
            {
                var module = PtxModules.Of($"kernels/{file}.cu", dtype, "sm_80", KernelTable.Options(file)[0]);
                missing.AddRange(module.Entries.Keys.Where(k => !device.Launched.Contains((k, dtype))).Select(k => $"{k} {dtype}"));
            }
        }
        Assert.True(missing.Count == 0, $"never launched: {string.Join(", ", missing)}");
    }

    public static TheoryData<string> OneOfEachOperator =>
        [.. OperatorCases.Rows.GroupBy(static r => r.Operator).Select(static g => g.First().ToString())];

    [Theory, MemberData(nameof(OneOfEachOperator))]
    public void Bits_do_not_depend_on_the_order_of_blocks_and_warps(string name)
    {
        var row = OperatorCases.Find(name);
        var (info, tensors, attributes) = (row.Info(), row.Tensors(), row.AttributeTexts());
        var first = device.Run(() => OperatorRunner.Run(device.Gpu, info, tensors, attributes, DType.F32));
        var second = device.Run(() => OperatorRunner.Run(device.Gpu, info, tensors, attributes, DType.F32), descending: true);
        foreach (var (key, value) in first)
        {
            Assert.Equal(value.ByteSpan(0, (int)value.Bytes).ToArray(), second[key].ByteSpan(0, (int)value.Bytes).ToArray());
        }
    }

    private Exception? Outcome(string name, DType dtype) => s_outcomes.GetOrAdd((name, dtype), _ => new Lazy<Exception?>(() =>
        Record.Exception(() => Compare(name, dtype, dtype == DType.F64 ? 1e-9 : dtype == DType.BF16 ? 2e-2 : null)))).Value;

    private void Run(string name, DType dtype)
    {
        if (Outcome(name, dtype) is { } error) ExceptionDispatchInfo.Throw(error);
    }

    private void Compare(string name, DType dtype, double? rtol)
    {
        var row = OperatorCases.Find(name);
        var (info, attributes) = (row.Info(), row.AttributeTexts());
        var tensors = Rounded(row.Tensors(), dtype);
        if (info.Differentiable)
        {
            foreach (var (output, tensor) in OperatorRunner.Run(device.Cpu, info, tensors, attributes, DType.F64))
            {
                tensors["cotangent." + output] = InputValues.Make(tensor.Shape, "float", null, seed: 100 + tensors.Count);
            }
        }

        tensors = Rounded(tensors, dtype);
        var expected = OperatorRunner.Run(device.Cpu, info, tensors, attributes, DType.F64);
        var found = device.Run(() => OperatorRunner.Run(device.Gpu, info, tensors, attributes, dtype));
        Assert.Equal(expected.Keys.Order(), found.Keys.Order());
        foreach (var (key, oracle) in expected)
        {
            double allowed = Math.Max(rtol ?? Contracted * row.Rtol, dtype == DType.BF16 ? row.HalfRtol : 0);
            double floor = dtype == DType.BF16 ? Math.Max(row.Floor, row.HalfFloor) : dtype == DType.F32 ? Math.Max(row.Floor, Residue)
                : row.Floor;
            Close.Assert(found[key].To(DType.F64), oracle, allowed, floor, $"{row}: {key}");
        }
    }

    private static Dictionary<string, Tensor> Rounded(Dictionary<string, Tensor> tensors, DType dtype) =>
        tensors.ToDictionary(t => t.Key, t => t.Value.DType.IsFloating() ? t.Value.To(dtype).To(DType.F64) : t.Value);
}

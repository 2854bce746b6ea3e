using Engine.Autograd;
using Engine.Autograd.Operators;
using Engine.Kernels;
using Engine.Tensors;
using Engine.Tests;
using Xunit;

namespace Emulator.Tests;

/// <summary>What every row of the operator table must pass on the CUDA back end, against the cpu in f64.</summary>
public sealed class OperatorRowTests(EmulatedDevice devices)
{
    [Theory, MemberData(nameof(OperatorCases.Names), MemberType = typeof(OperatorCases))]
    public void Double_precision_agrees_with_cpu(string name) => Compare(name, DType.F64, 1e-9);

    [Theory, MemberData(nameof(OperatorCases.Names), MemberType = typeof(OperatorCases))]
    public void Single_precision_agrees_with_cpu_in_double(string name) => Compare(name, DType.F32, null);

    [Theory, MemberData(nameof(OperatorCases.Names), MemberType = typeof(OperatorCases))]
    public void Half_precision_agrees_with_cpu_in_double(string name) => Compare(name, DType.BF16, 2e-2);

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
            devices.Gpu,
            (tape, variables) =>
            {
                var inputs = tensors.ToDictionary(
                    t => t.Key, t => Array.IndexOf(leaves, t.Key) is >= 0 and var i ? variables[i] : tape.Constant(t.Value));
                return row.Differentiated(info.Run(new OperatorCall(tape, info, inputs, row.AttributeTexts())));
            },
            [.. leaves.Select(l => tensors[l])],
            options: new GradientCheckOptions { Samples = 16 });
        for (int i = 0; i < leaves.Length; i++)
        {
            var c = row.Floor > 0 ? comparisons[i] with { Noise = comparisons[i].Noise + row.Floor } : comparisons[i];
            Assert.True(c.RelativeError <= 1e-6, $"{row}: gradient of {leaves[i]} is {c.RelativeError:g3} off");
        }
    }

    /// <summary>Both devices get the same inputs and cotangents, rounded to the dtype first.</summary>
    private void Compare(string name, DType dtype, double? rtol)
    {
        var row = OperatorCases.Find(name);
        var (info, attributes) = (row.Info(), row.AttributeTexts());
        var tensors = Rounded(row.Tensors(), dtype);
        if (info.Differentiable)
        {
            foreach (var (output, tensor) in OperatorRunner.Run(devices.Cpu, info, tensors, attributes, DType.F64))
            {
                tensors["cotangent." + output] = InputValues.Make(tensor.Shape, "float", null, seed: 100 + tensors.Count);
            }
        }

        tensors = Rounded(tensors, dtype);
        var expected = OperatorRunner.Run(devices.Cpu, info, tensors, attributes, DType.F64);
        var found = OperatorRunner.Run(devices.Gpu, info, tensors, attributes, dtype);
        Assert.Equal(expected.Keys.Order(), found.Keys.Order());
        foreach (var (key, oracle) in expected)
        {
            Assert.Equal(dtype, found[key].DType);
            double allowed = rtol ?? row.Rtol;
            double floor = dtype == DType.BF16 ? Math.Max(row.Floor, row.HalfFloor) : row.Floor;
            Close.Assert(found[key].To(DType.F64), oracle, Math.Max(allowed, dtype == DType.BF16 ? row.HalfRtol : 0), floor, $"{row}: {key}");
        }
    }

    private static Dictionary<string, Tensor> Rounded(Dictionary<string, Tensor> tensors, DType dtype) =>
        tensors.ToDictionary(t => t.Key, t => t.Value.DType.IsFloating() ? t.Value.To(dtype).To(DType.F64) : t.Value);
}

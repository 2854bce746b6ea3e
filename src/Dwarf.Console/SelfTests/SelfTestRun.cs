using Engine.Autograd.Operators;
using Engine.Kernels;
using Engine.Tensors;

namespace Dwarf.Cli.SelfTests;

/// <summary>What came of one case in one dtype.</summary>
/// <param name="Operator">its name</param>
/// <param name="Inputs">the case</param>
/// <param name="DType">what it ran in</param>
/// <param name="Worst">the output or gradient that is furthest off</param>
/// <param name="Error">its distance from the oracle, relative to the oracle's norm; NaN where there is one</param>
/// <param name="Allowed">the contract's tolerance</param>
/// <param name="Repeats">whether a second run gave the same bits</param>
/// <param name="Fault">what was thrown; null: nothing</param>
internal sealed record SelfTestResult(
    string Operator, string Inputs, DType DType, string Worst, double Error, double Allowed, bool Repeats, string? Fault)
{
    /// <summary>Right, and the same twice.</summary>
    public bool Passed => Fault is null && Error <= Allowed && Repeats;
}

/// <summary>Runs cases on a device, forward and backward, and compares with the processor in f64 on the same rounded inputs.</summary>
internal sealed class SelfTestRun(Device device, CpuDevice oracle)
{
    /// <summary>The dtypes that the device has.</summary>
    public IReadOnlyList<DType> DTypes => device is CpuDevice ? [DType.F32] : [DType.F32, DType.F64, DType.BF16];

    /// <summary>One case in one dtype; nothing is thrown for what the device does wrong.</summary>
    public SelfTestResult Run(SelfTestCase test, DType dtype)
    {
        var result = new SelfTestResult(test.Operator, test.Inputs, dtype, "", double.NaN, Tolerance(dtype), false, null);
        try
        {
            var (info, attributes) = (test.Info, test.AttributeTexts);
            var inputs = Rounded(test.Tensors(), dtype);
            if (info.Differentiable)
            {
                foreach (var (output, tensor) in OperatorRunner.Run(oracle, info, inputs, attributes, DType.F64))
                {
                    inputs["cotangent." + output] = SelfTestCase.Normal(tensor.Shape, output);
                }
                inputs = Rounded(inputs, dtype);
            }
            var expected = OperatorRunner.Run(oracle, info, inputs, attributes, DType.F64);
            var found = OperatorRunner.Run(device, info, inputs, attributes, dtype);
            var again = OperatorRunner.Run(device, info, inputs, attributes, dtype);
            var (worst, error) = expected.Select(pair => (pair.Key, Distance(found[pair.Key], pair.Value))).MaxBy(
                pair => double.IsNaN(pair.Item2)
                ? double.PositiveInfinity : pair.Item2);
            return result with { Worst = worst, Error = error, Repeats = found.All(pair => pair.Value.HasBitsOf(again[pair.Key])) };
        }
        catch (DwarfException error)
        {
            return result with { Fault = error.Message };
        }
    }

    private static double Tolerance(DType dtype) => dtype switch { DType.F64 => 1e-9, DType.F32 => 2e-5, _ => 2e-2 };

    private static Dictionary<string, Tensor> Rounded(Dictionary<string, Tensor> tensors, DType dtype)
        => tensors.ToDictionary(pair => pair.Key, pair => pair.Value.DType.IsFloating() ? pair.Value.To(dtype).To(DType.F64) : pair.Value);

    private static double Distance(Tensor found, Tensor expected)
    {
        if (found.Shape != expected.Shape)
        {
            return double.NaN;
        }
        double[] f = found.To(DType.F64).ToArray<double>(), e = expected.To(DType.F64).ToArray<double>();
        double distance = 0, size = 0;
        for (int i = 0; i < e.Length; i++)
        {
            distance += (f[i] - e[i]) * (f[i] - e[i]);
            size += e[i] * e[i];
        }
        return distance == 0 ? 0 : Math.Sqrt(distance / size);
    }
}

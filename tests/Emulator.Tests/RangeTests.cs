using Engine.Autograd;
using Engine.Autograd.Operators;
using Engine.Tensors;
using Engine.Tests;
using Xunit;

namespace Emulator.Tests;

/// <summary>NVTX ranges carry the operators' names, forward and backward.</summary>
public sealed class RangeTests(EmulatedDevice devices)
{
    public static TheoryData<string> Operators => [.. OperatorCases.Operators.Select(info => info.Name)];

    [Theory, MemberData(nameof(Operators))]
    public void Every_launch_of_an_operator_lies_in_a_range_of_its_name(string name)
    {
        var row = OperatorCases.Rows.First(r => r.Operator == name && r.Tensors().Values.All(t => t.Count > 0));
        var (info, tensors) = (row.Info(), row.Tensors().ToDictionary(t => t.Key, t => t.Value.DType.IsFloating() ? t.Value.To(DType.F32)
            : t.Value));
        if (info.Differentiable)
        {
            foreach (var (output, tensor) in OperatorRunner.Run(devices.Cpu, info, tensors, row.AttributeTexts(), DType.F32))
            {
                tensors["cotangent." + output] = InputValues.Make(tensor.Shape, "float", null, seed: 7).To(DType.F32);
            }
        }
        var (outside, inside) = (new List<string>(), 0);
        Engine.Kernels.Emulator.RecordRanges(true);
        devices.Gpu.Observer = (in Engine.Kernels.LaunchInfo launch) =>
        {
            // What pushed last and is open is found by running the launch's own probe range: it is indented by the depth around it.
            using (devices.Gpu.Range("launch " + launch.Kernel.Name))
            {
            }
        };
        try
        {
            OperatorRunner.Run(devices.Gpu, info, tensors, row.AttributeTexts(), DType.F32);
            var open = new List<string>();   // the range at each depth that was pushed last
            foreach (string line in Engine.Kernels.Emulator.Ranges.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                string text = line.TrimStart();
                open.RemoveRange(Math.Min(line.Length - text.Length, open.Count),
                    open.Count - Math.Min(line.Length - text.Length, open.Count));
                if (!text.StartsWith("launch ", StringComparison.Ordinal))
                {
                    open.Add(text);
                }
                else if (open.Contains(name))
                {
                    inside++;
                }
                else if (!text.Contains("accumulate", StringComparison.Ordinal))
                {
                    outside.Add($"{text} in [{string.Join(", ", open)}]");
                }
            }
        }
        finally
        {
            devices.Gpu.Observer = null;
            Engine.Kernels.Emulator.RecordRanges(false);
        }
        Assert.Empty(outside);
        Assert.True(inside > 0 || name is "matmul" or "concat" or "reshape", $"{name} launched no kernel in a range of its own");
    }
}

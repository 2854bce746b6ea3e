using Engine.Autograd.Operators;
using Engine.Kernels;
using Engine.Tensors;
using Engine.Tests;
using Xunit;

namespace Emulator.Tests;

/// <summary>Our own kernels under the instruments, through the operators that launch them.</summary>
public sealed class CheckedOperatorTests(CheckedDevice device) : IClassFixture<CheckedDevice>
{
    [Theory, MemberData(nameof(OperatorCases.Names), MemberType = typeof(OperatorCases))]
    public void Kernels_of_an_operator_raise_no_alarm(string name)
    {
        var row = OperatorCases.Find(name);
        var info = row.Info();
        var tensors = row.Tensors();
        foreach (DType dtype in (DType[])[DType.F32, DType.BF16])
        {
            Instruments.Clear();
            var outputs = OperatorRunner.Run(device.Gpu, info, tensors, row.AttributeTexts(), dtype);
            if (info.Differentiable)
            {
                var all = new Dictionary<string, Tensor>(tensors);
                foreach (var (output, tensor) in outputs)
                {
                    all["cotangent." + output] = InputValues.Make(tensor.Shape, "float", null, seed: 7);
                }

                OperatorRunner.Run(device.Gpu, info, all, row.AttributeTexts(), dtype);
            }

            device.Gpu.Synchronize();
            foreach (LaunchReport launch in Instruments.Read())
            {
                Assert.True(launch.Faults.Count == 0, $"{row} in {dtype.Label()}: {string.Join("; ", launch.Faults)}");
            }
        }
    }
}

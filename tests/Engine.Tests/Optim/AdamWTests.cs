using System.Text.Json;
using Engine.Autograd.Optim;
using Engine.Kernels;
using Engine.Tensors;
using Xunit;

namespace Engine.Tests.Optim;

public sealed class AdamWTests : IDisposable
{
    private readonly CpuDevice _cpu = new(2);

    public void Dispose() => _cpu.Dispose();

    [Theory]
    [InlineData(DType.F64, 1e-12)]
    [InlineData(DType.F32, 1e-5)]
    public void Six_steps_equal_those_of_PyTorch(DType dtype, double rtol)
    {
        var golden = OptimGolden.Root.GetProperty("adamw");
        using var trained = Golden(dtype, golden, out var optimiser);
        foreach (var step in golden.GetProperty("steps").EnumerateArray())
        {
            trained.Backward(("weight", Grad(step, "weight")), ("bias", Grad(step, "bias")));
            optimiser.Step(_cpu, 0.01);
            foreach (string name in (string[])["weight", "bias"])
            {
                AssertClose(OptimGolden.Numbers(step.GetProperty(name)), trained[name].Value, rtol, name);
            }
        }

        var state = optimiser.State().ToDictionary(s => s.Name, s => s.Tensor);
        AssertClose(OptimGolden.Numbers(golden.GetProperty("exp_avg_sq")), state["weight.exp_avg_sq"], rtol, "weight.exp_avg_sq");
        Assert.Equal(golden.GetProperty("bias_steps").GetInt64(), optimiser.StepsOf(trained["bias"]));
        Assert.Equal(6, (long)state["weight.step"].Item());
    }

    [Fact]
    public void A_parameter_without_gradient_keeps_every_byte()
    {
        var golden = OptimGolden.Root.GetProperty("adamw");
        using var trained = Golden(DType.F32, golden, out var optimiser);
        trained.Backward(("weight", new double[15]), ("bias", [1, 2, 3, 4]));
        optimiser.Step(_cpu, 0.01);
        var before = Bytes(trained["weight"].Value, optimiser, "weight");
        trained.Backward(("weight", null), ("bias", [1, 2, 3, 4]));
        optimiser.Step(_cpu, 0.01);
        Assert.Equal(before, Bytes(trained["weight"].Value, optimiser, "weight"));
        Assert.Equal(1, optimiser.StepsOf(trained["weight"]));
        Assert.Equal(2, optimiser.StepsOf(trained["bias"]));
    }

    [Fact]
    public void State_copied_into_a_new_optimiser_goes_on_with_the_same_bytes()
    {
        var golden = OptimGolden.Root.GetProperty("adamw");
        using var straight = Golden(DType.F32, golden, out var first);
        using var resumed = Golden(DType.F32, golden, out var second);
        foreach (var (step, i) in golden.GetProperty("steps").EnumerateArray().Select((s, i) => (s, i)))
        {
            if (i == 3)
            {
                straight.Tape.Reset();
                resumed["weight"].Value.CopyFrom(straight["weight"].Value);
                resumed["bias"].Value.CopyFrom(straight["bias"].Value);
                foreach (var (from, to) in first.State().Zip(second.State()))
                {
                    Assert.Equal(from.Name, to.Name);
                    to.Tensor.CopyFrom(from.Tensor);
                }
            }

            foreach (var (trained, optimiser) in ((Trained, AdamW)[])[(straight, first), (resumed, second)])
            {
                if (i >= 3 || trained == straight)
                {
                    trained.Backward(("weight", Grad(step, "weight")), ("bias", Grad(step, "bias")));
                    optimiser.Step(_cpu, 0.01);
                }
            }
        }

        Assert.Equal(Bytes(straight["weight"].Value, first, "weight"), Bytes(resumed["weight"].Value, second, "weight"));
        Assert.Equal(Bytes(straight["bias"].Value, first, "bias"), Bytes(resumed["bias"].Value, second, "bias"));
    }

    [Fact]
    public void One_and_three_threads_give_the_same_bytes_over_many_tiles()
    {
        double[] values = [.. Enumerable.Range(0, 50001).Select(i => Math.Sin(i))];
        double[] grads = [.. values.Select(v => Math.Cos(9 * v))];
        var results = new List<byte[]>();
        foreach (int threads in (int[])[1, 3])
        {
            using var cpu = new CpuDevice(threads);
            using var trained = new Trained(cpu, DType.F32, ("w", [50001], true, values), ("b", [3], false, [1, 2, 3]));
            var optimiser = new AdamW(trained.Store);
            var clipping = new GradientClipping(trained.Store);
            for (int step = 0; step < 3; step++)
            {
                trained.Backward(("w", grads), ("b", [1, -1, 0]));
                Assert.InRange(clipping.Clip(cpu, 1), 1, 1e6);
                optimiser.Step(cpu, 0.01);
            }

            results.Add(Bytes(trained["w"].Value, optimiser, "w"));
        }

        Assert.Equal(results[0], results[1]);
    }

    private static Trained Golden(DType dtype, JsonElement golden, out AdamW optimiser)
    {
        using var cpu = new CpuDevice(1);
        var start = golden.GetProperty("start");
        var trained = new Trained(
            cpu,
            dtype,
            ("weight", [3, 5], true, OptimGolden.Numbers(start.GetProperty("weight"))),
            ("bias", [4], false, OptimGolden.Numbers(start.GetProperty("bias"))));
        optimiser = new AdamW(trained.Store, new AdamWOptions { Beta1 = 0.8, Beta2 = 0.95, Eps = 1e-6, WeightDecay = 0.1 });
        optimiser.SetRateFactor(trained["bias"], 2);
        return trained;
    }

    private static double[]? Grad(JsonElement step, string name) =>
        step.GetProperty("grads").GetProperty(name) is { ValueKind: JsonValueKind.Array } grad ? OptimGolden.Numbers(grad) : null;

    private static void AssertClose(double[] expected, Tensor found, double rtol, string because) =>
        Close.Assert(found, Tensor.From<double>(found.Shape, expected), rtol, 0, because);

    private static byte[] Bytes(Tensor value, AdamW optimiser, string name) =>
    [
        .. value.ByteSpan(0, (int)value.Bytes),
        .. optimiser.State()
            .Where(s => s.Name.StartsWith(name + ".", StringComparison.Ordinal))
            .SelectMany(s => s.Tensor.ByteSpan(0, (int)s.Tensor.Bytes).ToArray()),
    ];
}

using Engine.Autograd.Operators;
using Engine.Kernels;
using Engine.Tensors;
using Engine.Tests;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Parity.Tests;

/// <summary>Every row of the operator tests: forward and gradients against libtorch in f64.</summary>
public sealed class ParityTests : IDisposable
{
    private const string Cotangent = "cotangent.";
    private readonly CpuDevice _cpu = new(2);

    public void Dispose() => _cpu.Dispose();

    [Theory, MemberData(nameof(OperatorCases.Names), MemberType = typeof(OperatorCases))]
    public void Forward_and_gradients_agree_with_libtorch(string name)
    {
        var row = OperatorCases.Find(name);
        if (!TorchOperators.All.TryGetValue(row.Operator, out var reference))
        {
            Assert.True(row.Operator is "dropout" or "adamw", $"{row.Operator} has no libtorch form");
            return;
        }

        var attributes = row.AttributeTexts();
        var inputs = row.Tensors();
        AddCotangents(row, inputs, attributes);
        var expected = Torch(reference, row.Info(), inputs, attributes);
        foreach (var (dtype, rtol) in new[] { (DType.F64, 1e-9), (DType.F32, row.Rtol) })
        {
            var found = OperatorRunner.Run(_cpu, row.Info(), inputs, attributes, dtype);
            Assert.Equal(expected.Keys.Order(), found.Keys.Order());
            foreach (var (key, value) in expected)
            {
                Assert.Equal(value.Shape, found[key].Shape);
                Close.Assert(found[key], value, rtol, row.Floor, $"{row} {dtype.Label()}: {key}");
            }
        }
    }

    [Fact]
    public void Every_operator_has_a_libtorch_form()
    {
        var missing = OperatorCases.Operators.Select(o => o.Name).Where(n => !TorchOperators.All.ContainsKey(n) && n is not ("dropout" or "adamw"));
        Assert.Empty(missing);
    }

    /// <summary>Dropout has no libtorch form with the same mask: the mask is drawn by a second writing of Philox.</summary>
    [Theory]
    [InlineData(0.1, 7, 0)]
    [InlineData(0.5, 123456789012, 3)]
    [InlineData(1.0, 1, 1)]
    public void Dropout_draws_the_mask_of_the_definition(double p, long seed, long offset)
    {
        var x = new Engine.Tensors.Tensor([3, 35], DType.F64);
        x.Span<double>().Fill(1);
        var attributes = new Dictionary<string, string>
        {
            ["p"] = FormattableString.Invariant($"{p}"), ["seed"] = $"{seed}", ["offset"] = $"{offset}",
        };
        var y = OperatorRunner.Run(_cpu, OperatorRunner.Find("dropout"), new Dictionary<string, Engine.Tensors.Tensor> { ["x"] = x }, attributes, DType.F64)["y"];
        double[] expected = p == 1 ? new double[105] : Philox.Mask([105], p, (ulong)seed, (ulong)offset).data<double>().ToArray();
        Assert.Equal(expected, y.ToArray<double>());
    }

    [Theory]
    [InlineData(1, 0.01)]
    [InlineData(17, 0.0)]
    public void AdamW_updates_as_libtorch(int steps, double decay)
    {
        using var parameter = new TorchSharp.Modules.Parameter(torch.linspace(-1, 1, 40, float64));
        var optimiser = optim.AdamW([parameter], lr: 1e-2, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: decay);
        var tensors = new Dictionary<string, Engine.Tensors.Tensor>
        {
            ["param"] = TorchTensors.From(parameter), ["exp_avg"] = new([40], DType.F64), ["exp_avg_sq"] = new([40], DType.F64),
        };
        for (int step = 1; step <= steps; step++)
        {
            using var grad = torch.cos(torch.linspace(0, step, 40, float64)) * 0.1;
            parameter.grad = grad.clone();
            optimiser.step();
            tensors["grad"] = TorchTensors.From(grad);
            var attributes = new Dictionary<string, string>
            {
                ["lr"] = "0.01", ["weight_decay"] = FormattableString.Invariant($"{decay}"), ["step"] = $"{step}",
            };
            tensors = OperatorRunner.Run(_cpu, OperatorRunner.Find("adamw"), tensors, attributes, DType.F64);
        }

        Close.Assert(tensors["param"], TorchTensors.From(parameter), 1e-12, 0, "adamw");
    }

    private void AddCotangents(OperatorCase row, Dictionary<string, Engine.Tensors.Tensor> inputs, Dictionary<string, string> attributes)
    {
        if (row.Info().Differentiable)
        {
            foreach (var (output, tensor) in OperatorRunner.Run(_cpu, row.Info(), inputs, attributes, DType.F64))
            {
                inputs[Cotangent + output] = InputValues.Make(tensor.Shape, "float", null, seed: 200 + inputs.Count);
            }
        }
    }

    private static Dictionary<string, Engine.Tensors.Tensor> Torch(
        Func<TorchCall, Dictionary<string, torch.Tensor>> reference,
        OperatorInfo info,
        Dictionary<string, Engine.Tensors.Tensor> tensors,
        Dictionary<string, string> attributes)
    {
        using var scope = NewDisposeScope();
        var inputs = tensors.Where(t => !t.Key.StartsWith(Cotangent, StringComparison.Ordinal)).ToDictionary(t => t.Key, t => TorchTensors.To(t.Value));
        var leaves = inputs.Where(i => OperatorCall.Declaration(info, i.Key)!.Differentiable).ToDictionary(i => i.Key, i => i.Value.requires_grad_(true));
        var outputs = reference(new TorchCall(inputs, attributes));
        var result = outputs.ToDictionary(o => o.Key, o => TorchTensors.From(o.Value));
        var names = outputs.Keys.Where(k => tensors.ContainsKey(Cotangent + k) && !info.ConstantOutputs.Contains(k)).ToList();
        if (names.Count > 0)
        {
            var grads = autograd.grad(
                [.. names.Select(n => outputs[n])], [.. leaves.Values], [.. names.Select(n => TorchTensors.To(tensors[Cotangent + n]))], allow_unused: true);
            foreach (var ((name, leaf), grad) in leaves.Zip(grads))
            {
                result["grad." + name] = grad is null ? new Engine.Tensors.Tensor(new Shape(leaf.shape), DType.F64) : TorchTensors.From(grad);
            }
        }

        return result;
    }
}

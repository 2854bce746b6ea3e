using Engine.Autograd.Operators;
using Engine.Kernels;
using Engine.Kernels.Operators;
using Engine.Tensors;

namespace Engine.Autograd;

public static partial class Ops
{
    internal static readonly OperatorInfo AdamWInfo = new(
        "adamw",
        "m += (1 - beta1)(g - m); v = beta2 v + (1 - beta2) g²; p = p (1 - lr wd) - lr m / (1 - beta1^t) / (√(v / (1 - beta2^t)) + eps)",
        [
            new("param", "float", "[...]"), new("grad", "float", "[...]"),
            new("exp_avg", "float", "[...]"), new("exp_avg_sq", "float", "[...]"),
        ],
        [
            new("lr", AttributeType.Number, "1e-3"), new("beta1", AttributeType.Number, "0.9"), new("beta2", AttributeType.Number, "0.999"),
            new("eps", AttributeType.Number, "1e-8"), new("weight_decay", AttributeType.Number, "0.01"),
            new("step", AttributeType.Integer, "1"),
        ],
        ["param", "grad", "exp_avg", "exp_avg_sq"],
        AdamWByName)
    {
        Differentiable = false,
    };

    /// <summary>The operator works on copies; training updates in place through <see cref="Optim.AdamW"/>, with the same kernel.</summary>
    private static unsafe Variable?[] AdamWByName(OperatorCall call)
    {
        const string op = "adamw";
        using var range = call.Tape.Range(op);
        var param = call.Input("param");
        Check.Floating(op, "param", param);
        double lr = NotNegative(call, "lr"), eps = NotNegative(call, "eps"), decay = NotNegative(call, "weight_decay");
        double beta1 = call.Number("beta1"), beta2 = call.Number("beta2");
        Check.Range(op, "beta1", beta1 is >= 0 and < 1, "at least 0 and below 1", beta1);
        Check.Range(op, "beta2", beta2 is >= 0 and < 1, "at least 0 and below 1", beta2);
        Check.Range(op, "step", call.Integer("step") >= 1, "at least 1", call.Integer("step"));
        Variable?[] copies = new Variable?[4];
        for (int i = 0; i < 4; i++)
        {
            string name = AdamWInfo.Inputs[i].Name;
            var input = call.Input(name);
            Check.SameDType(op, name, input, "param", param);
            Check.Shape(op, name, input, param.Shape, "the shape of param");
            var copy = call.Tape.Empty(input.Shape, input.DType);
            copy.CopyFrom(input.Value);
            copies[i] = call.Tape.Constant(copy);
        }

        var step = new AdamWStep(lr, call.Integer("step"), beta1, beta2, eps, decay);
        var (p, g, m, v) = (copies[0]!.Value, copies[1]!.Value, copies[2]!.Value, copies[3]!.Value);
        if (call.Tape.Device is CudaDevice gpu)
        {
            AdamWCuda.Step(gpu, p, g, m, v, step);
        }
        else if (param.DType == DType.F64)
        {
            AdamWKernel.Step(call.Tape.Cpu, p.Data<double>(), g.Data<double>(), m.Data<double>(), v.Data<double>(), p.Count, step);
        }
        else
        {
            AdamWKernel.Step(call.Tape.Cpu, p.Data<float>(), g.Data<float>(), m.Data<float>(), v.Data<float>(), p.Count, step);
        }

        return copies;
    }

    private static double NotNegative(OperatorCall call, string name)
    {
        double value = call.Number(name);
        Check.Range("adamw", name, value >= 0, "at least 0", value);
        return value;
    }
}

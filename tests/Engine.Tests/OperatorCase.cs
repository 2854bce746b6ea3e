using System.Globalization;
using Engine.Autograd;
using Engine.Autograd.Operators;
using Engine.Tensors;

namespace Engine.Tests;

/// <summary>One row of the operator tests: a call with seeded inputs.</summary>
/// <param name="Operator">contract name</param>
/// <param name="Inputs">names and shapes: "x[3,7,64] weight[64]"</param>
/// <param name="Attributes">"eps=1e-5 axes=0,-1"; empty: the defaults</param>
/// <param name="Values">rules for inputs that are not normal numbers, see <see cref="InputValues"/>: "x=away:0.05 ids=below:50"</param>
public sealed record OperatorCase(string Operator, string Inputs, string Attributes = "", string Values = "")
{
    /// <summary>‖f32 − f64‖ ≤ Rtol · ‖f64‖.</summary>
    public double Rtol { get; init; } = 2e-5;

    /// <summary>
    /// Absolute floor of the f32 comparison, a norm, and of the differences: for gradients that are zero by cancellation, so that all that
    /// is left of them is rounding noise. 0 almost everywhere.
    /// </summary>
    public double Floor { get; init; }

    /// <summary>As Rtol, for bf16 where its rounding of what lies between (statistics, probabilities) needs more than 2e-2; the row says why.</summary>
    public double HalfRtol { get; init; }

    /// <summary>As Floor, for bf16.</summary>
    public double HalfFloor { get; init; }

    public override string ToString() => string.Join(' ', new[] { Operator, Inputs, Attributes, Values }.Where(s => s.Length > 0));

    public OperatorInfo Info() => OperatorCases.Operators.First(o => o.Name == Operator);

    /// <summary>The outputs that gradients flow through.</summary>
    public Variable[] Differentiated(Variable?[] outputs)
    {
        var info = Info();
        return [.. outputs.Where((o, i) => o is not null && !info.ConstantOutputs.Contains(info.Outputs[i])).Select(o => o!)];
    }

    public Dictionary<string, string> AttributeTexts() => Pairs(Attributes);

    /// <summary>The inputs with their values: floating ones as f64, each value exact in f32.</summary>
    public Dictionary<string, Tensor> Tensors()
    {
        var info = Info();
        var rules = Pairs(Values);
        var result = new Dictionary<string, Tensor>();
        foreach (string input in Words(Inputs))
        {
            string name = input[..input.IndexOf('[')];
            string[] sizes = input[(name.Length + 1)..^1].Split(',', StringSplitOptions.RemoveEmptyEntries);
            var shape = new Shape([.. sizes.Select(s => long.Parse(s, CultureInfo.InvariantCulture))]);
            var declared = OperatorCall.Declaration(info, name) ?? throw new ArgumentException($"{this}: {Operator} has no input {name}");
            string? rule = rules.Remove(name, out string? text) ? text : null;
            result[name] = InputValues.Make(shape, declared.DType, rule, seed: result.Count + 1);
        }

        return rules.Count == 0 ? result : throw new ArgumentException($"{this}: a rule names no input of the row");
    }

    private static Dictionary<string, string> Pairs(string text) =>
        Words(text).ToDictionary(p => p[..p.IndexOf('=')], p => p[(p.IndexOf('=') + 1)..]);

    private static string[] Words(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}

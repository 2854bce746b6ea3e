using Engine.Autograd.Operators;
using Xunit;

namespace Engine.Tests;

/// <summary>One row per operator and shape; <see cref="OperatorTests"/> says what every row must pass.</summary>
internal static partial class OperatorCases
{
    private static OperatorCase[] Norms =>
    [
        new("layer_norm", "x[3,7,64] weight[64] bias[64]"),
        new("layer_norm", "x[2,1023] weight[1023] bias[1023]"),
        new("layer_norm", "x[200,33] residual[200,33] weight[33] bias[33]", "eps=1e-3"),
        new("layer_norm", "x[5,1] weight[1] bias[1]") { Floor = 1e-12 },     // grad.x is 0 but for rounding
        new("layer_norm", "x[4,64] weight[64] bias[64]", Values: "x=normal:100:1") { Rtol = 1e-4 },
        new("layer_norm", "x[3,1500] weight[1500] bias[1500]"),
        new("layer_norm", "x[20,1030] residual[20,1030] weight[1030] bias[1030]"),
        new("layer_norm", "x[0,3,16] weight[16] bias[16]"),
        new("normalize", "x[3,5,64]"),
        new("normalize", "x[7,33]", Values: "x=normal:100:1"),
        new("normalize", "x[7,33]", "eps=50"),                                  // every row shorter than eps: divided by eps
        new("normalize", "x[4,9]", Values: "x=scaled:1000"),
        new("normalize", "x[197,1]", Values: "x=away:0.1") { Floor = 1e-6 },    // ±1: the gradient is zero by cancellation
        new("normalize", "x[0,8]"),
        new("normalize", "x[3,1100]"),
    ];

    private static WrongCall[] WrongNorms =>
    [
        new("layer_norm", "x[2,3,8] weight[5] bias[8]", "", "layer_norm: weight must be [8] (the last axis of x [2,3,8]), found [5]"),
        new("layer_norm", "x[2,8] weight[8] bias[8] residual[2,7]", "", "found [2,7]"),
        new("layer_norm", "x[2,8] weight[8] bias[8]", "eps=-1", "eps must be at least 0, found -1"),
        new("normalize", "x[]", "", "at least one axis, found []"),
        new("normalize", "x[2,3]", "eps=-1", "eps must be at least 0, found -1"),
    ];

    /// <summary>Every operator that must have rows: those of the table and the internal ones.</summary>
    public static IReadOnlyList<OperatorInfo> Operators { get; } = [.. All.Operators, .. All.Internal];

    public static IReadOnlyList<OperatorCase> Rows { get; } =
    [
        .. Norms, .. Windows, .. Products, .. Attentions, .. Embeddings, .. Movements, .. Elements, .. Losses,
    ];

    public static IReadOnlyList<WrongCall> WrongCalls { get; } =
    [
        .. WrongNorms, .. WrongWindows, .. WrongProducts, .. WrongAttentions, .. WrongEmbeddings, .. WrongMovements, .. WrongElements, .. WrongLosses,
    ];

    public static TheoryData<string> Names => [.. Rows.Select(r => r.ToString())];

    public static TheoryData<string> WrongNames => [.. WrongCalls.Select(r => r.ToString())];

    public static OperatorCase Find(string name) => Rows.First(r => r.ToString() == name);

    /// <summary>The stem of an operator's files: its name in Pascal case, or the family it belongs to.</summary>
    public static string Stem(string name) => name switch
    {
        "add" or "mul" => "Broadcast",
        "gelu" or "relu" or "tanh" or "sigmoid" => "Elementwise",
        "reduce_sum" or "reduce_mean" => "Reduce",
        "adamw" => "AdamW",
        _ => string.Concat(name.Split('_').Select(w => char.ToUpperInvariant(w[0]) + w[1..])),
    };

    /// <summary>A call that must be refused, and a part of the one line that says so.</summary>
    internal sealed record WrongCall(string Operator, string Inputs, string Attributes, string Message, string Values = "")
    {
        public override string ToString() => $"{Operator} {Inputs} {Attributes} {Values}";

        public OperatorCase Call => new(Operator, Inputs, Attributes, Values);
    }
}

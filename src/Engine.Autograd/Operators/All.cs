namespace Engine.Autograd.Operators;

/// <summary>Every operator, in the order of `op list`. A test compares this list with the folder.</summary>
public static class All
{
    /// <summary>The table.</summary>
    public static IReadOnlyList<OperatorInfo> Operators { get; } =
    [
        Ops.MatmulInfo,
        Ops.LinearInfo,
        Ops.AttentionInfo,
        Ops.CrossAttentionInfo,
        Ops.LayerNormInfo,
    ];
}

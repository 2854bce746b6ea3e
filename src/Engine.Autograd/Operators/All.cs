namespace Engine.Autograd.Operators;

/// <summary>Every operator, in the order of `op list`. A test compares this list with the folder.</summary>
public static class All
{
    /// <summary>The table.</summary>
    public static IReadOnlyList<OperatorInfo> Operators { get; } =
    [
        Ops.MatmulInfo,
        Ops.LinearInfo,
        Ops.AddInfo,
        Ops.MulInfo,
        Ops.GeluInfo,
        Ops.ReluInfo,
        Ops.TanhInfo,
        Ops.SigmoidInfo,
        Ops.SoftmaxInfo,
        Ops.LayerNormInfo,
        Ops.DropoutInfo,
        Ops.EmbeddingInfo,
        Ops.PatchEmbeddingInfo,
        Ops.AttentionInfo,
        Ops.CrossAttentionInfo,
        Ops.Conv2dInfo,
        Ops.BatchNormInfo,
        Ops.MaxPool2dInfo,
        Ops.PermuteInfo,
        Ops.ConcatInfo,
        Ops.SliceInfo,
        Ops.ScaleMapInfo,
        Ops.BilinearResizeInfo,
        Ops.ReduceSumInfo,
        Ops.ReduceMeanInfo,
        Ops.BceWithLogitsInfo,
        Ops.CrossEntropyInfo,
        Ops.FpWeightedDiceInfo,
        Ops.AdamWInfo,
    ];

    /// <summary>Operators that the model needs and the table of `op list` does not show; tested the same way.</summary>
    public static IReadOnlyList<OperatorInfo> Internal { get; } =
    [
        Ops.LogitInfo,
        Ops.NormalizeInfo,
        Ops.SoftCrossEntropyInfo,
        Ops.ResizedDiceInfo,
    ];
}

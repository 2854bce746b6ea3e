namespace Dwarf.Model.Onnx;

/// <summary>The size of an axis: known now, or a value of the graph (i64 [1]) that is known when the graph runs.</summary>
/// <param name="Size">the size, or -1</param>
/// <param name="Value">the value's name; null where the size is known</param>
/// <param name="Label">how an unknown size is called in the shapes of inputs and outputs</param>
internal readonly record struct OnnxDim(long Size, string? Value = null, string? Label = null)
{
    /// <summary>-1 in a Reshape: whatever is left.</summary>
    public static OnnxDim Rest => new(-1);

    public static implicit operator OnnxDim(long size) => new(size);
}

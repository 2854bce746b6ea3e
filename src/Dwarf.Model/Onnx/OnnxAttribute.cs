namespace Dwarf.Model.Onnx;

/// <summary>An attribute of a node; field numbers are those of AttributeProto in the public onnx.proto.</summary>
internal sealed class OnnxAttribute
{
    private const int Name = 1;
    private const int Type = 20;

    private OnnxAttribute(ProtoMessage message) => Message = message;

    /// <summary>Encoded.</summary>
    public ProtoMessage Message { get; }

    public static OnnxAttribute Float(string name, double value)
        => new(new ProtoMessage().Text(Name, name).Number(2, (float)value).Integer(Type, 1));

    public static OnnxAttribute Int(string name, long value)
        => new(new ProtoMessage().Text(Name, name).Integer(3, value).Integer(Type, 2));

    public static OnnxAttribute Ints(string name, params long[] values)
        => new(new ProtoMessage().Text(Name, name).Integers(8, values).Integer(Type, 7));
}

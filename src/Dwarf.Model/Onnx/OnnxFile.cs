using Engine.Tensors;

namespace Dwarf.Model.Onnx;

/// <summary>Writes a graph as an ONNX file: field numbers of the public onnx.proto, weights streamed one by one.</summary>
/// <remarks>Specification: github.com/onnx/onnx/blob/main/docs/IR.md. The same graph gives the same bytes; there is no clock in them.</remarks>
internal static class OnnxFile
{
    /// <summary>Operators are those of this version of the standard set.</summary>
    public const int Opset = 17;

    /// <summary>The file format's version that goes with <see cref="Opset"/>.</summary>
    public const int IrVersion = 8;

    /// <summary>Readers of protobuf refuse longer files.</summary>
    public const long MostBytes = int.MaxValue;

    private const int ModelGraph = 7;

    public static int ElementType(DType dtype) => dtype switch
    {
        DType.F32 => 1,
        DType.I64 => 7,
        _ => throw new ArgumentOutOfRangeException(nameof(dtype), dtype, "not written"),
    };

    /// <summary>Writes atomically.</summary>
    /// <param name="path">the file; an existing one is replaced</param>
    /// <param name="graph">the graph</param>
    /// <param name="producer">version of the program</param>
    /// <param name="metadata">free text, written in ordinal order of the keys</param>
    /// <exception cref="DwarfException">more than 2 GB (unavailable), or the disk is full and the like (input/output)</exception>
    public static void Write(string path, OnnxGraph graph, string producer, IReadOnlyDictionary<string, string> metadata)
    {
        var head = new ProtoMessage().Integer(1, IrVersion).Text(2, "DwarfEngine").Text(3, producer);
        var body = Body(graph);
        var weights = graph.Tensors.Select(t => (Tensor: t, Header: t.Header())).ToList();
        var prefixes = weights.Select(w => new ProtoMessage().Begin(5, w.Header.Length + w.Tensor.Bytes)).ToList();
        long length = body.Length + weights.Zip(prefixes, (w, p) => p.Length + w.Header.Length + w.Tensor.Bytes).Sum();
        var tail = Tail(metadata);
        head.Begin(ModelGraph, length);
        if (head.Length + length + tail.Length > MostBytes)
        {
            throw new DwarfException(
                ErrorKind.Unavailable, $"{path}: an ONNX file holds at most {MostBytes} bytes, this network needs {head.Length + length + tail.Length}");
        }

        AtomicFile.Write(path, stream =>
        {
            head.WriteTo(stream);
            body.WriteTo(stream);
            for (int i = 0; i < weights.Count; i++)
            {
                prefixes[i].WriteTo(stream);
                weights[i].Header.WriteTo(stream);
                weights[i].Tensor.WriteData(stream);
            }

            tail.WriteTo(stream);
        });
    }

    /// <summary>GraphProto without its tensors.</summary>
    private static ProtoMessage Body(OnnxGraph graph)
    {
        var body = new ProtoMessage();
        foreach (var node in graph.Nodes)
        {
            var message = new ProtoMessage();
            foreach (string input in node.Inputs)
            {
                message.Text(1, input);
            }

            foreach (string output in node.Outputs)
            {
                message.Text(2, output);
            }

            message.Text(3, node.Name).Text(4, node.Type);
            foreach (var attribute in node.Attributes)
            {
                message.Message(5, attribute.Message);
            }

            body.Message(1, message);
        }

        body.Text(2, "dwarf");
        foreach (var input in graph.Inputs)
        {
            body.Message(11, ValueInfo(input));
        }

        foreach (var output in graph.Outputs)
        {
            body.Message(12, ValueInfo(output));
        }

        return body;
    }

    private static ProtoMessage ValueInfo(OnnxPort port)
    {
        var shape = new ProtoMessage();
        foreach (var dim in port.Shape)
        {
            shape.Message(1, dim.Label is null ? new ProtoMessage().Integer(1, dim.Size) : new ProtoMessage().Text(2, dim.Label));
        }

        var tensor = new ProtoMessage().Integer(1, ElementType(DType.F32)).Message(2, shape);
        return new ProtoMessage().Text(1, port.Name).Message(2, new ProtoMessage().Message(1, tensor)).Text(3, port.About);
    }

    private static ProtoMessage Tail(IReadOnlyDictionary<string, string> metadata)
    {
        var tail = new ProtoMessage().Message(8, new ProtoMessage().Text(1, "").Integer(2, Opset));
        foreach (var (key, value) in metadata.OrderBy(m => m.Key, StringComparer.Ordinal))
        {
            tail.Message(14, new ProtoMessage().Text(1, key).Text(2, value));
        }

        return tail;
    }
}

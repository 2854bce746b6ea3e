using Engine.Tensors;

namespace Dwarf.Model.Onnx;

/// <summary>A constant of the graph; its bytes are asked for when they are written and not kept.</summary>
/// <param name="Name">in the graph</param>
/// <param name="Shape">sizes</param>
/// <param name="DType">f32 or i64</param>
/// <param name="Read">gives it, of that shape and dtype, in host memory</param>
internal sealed record OnnxTensor(string Name, Shape Shape, DType DType, Func<Tensor> Read)
{
    private const int Chunk = 1 << 24;

    /// <summary>Bytes of data.</summary>
    public long Bytes => Shape.Count * DType.Size();

    /// <summary>TensorProto up to and without the data, whose field it begins.</summary>
    public ProtoMessage Header()
    {
        var message = new ProtoMessage();
        for (int i = 0; i < Shape.Rank; i++)
        {
            message.Integer(1, Shape[i]);
        }

        return message.Integer(2, OnnxFile.ElementType(DType)).Text(8, Name).Begin(9, Bytes);
    }

    /// <summary>The data, little-endian as in memory.</summary>
    public void WriteData(Stream stream)
    {
        var tensor = Read();
        for (long at = 0; at < tensor.Bytes; at += Chunk)
        {
            stream.Write(tensor.ByteSpan(at, (int)Math.Min(Chunk, tensor.Bytes - at)));
        }
    }
}

using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Dwarf.Model.Onnx;

/// <summary>One protobuf message, encoded field by field; a field of the message's own length goes in whole.</summary>
/// <remarks>Format: protobuf.dev/programming-guides/encoding. What is larger than a header never passes through here.</remarks>
internal sealed class ProtoMessage
{
    private const int WireVarint = 0;
    private const int WireBytes = 2;
    private const int WireFixed32 = 5;

    private readonly ArrayBufferWriter<byte> _bytes = new();

    /// <summary>Bytes so far.</summary>
    public long Length => _bytes.WrittenCount;

    public ProtoMessage Integer(int field, long value)
    {
        Tag(field, WireVarint);
        Varint((ulong)value);
        return this;
    }

    public ProtoMessage Integers(int field, IEnumerable<long> values)
    {
        // One field a number: every reader takes that, packed or not.
        foreach (long value in values)
        {
            Integer(field, value);
        }

        return this;
    }

    public ProtoMessage Number(int field, float value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteSingleLittleEndian(bytes, value);
        Tag(field, WireFixed32);
        _bytes.Write(bytes);
        return this;
    }

    public ProtoMessage Text(int field, string value)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(value);
        Begin(field, bytes.Length);
        _bytes.Write(bytes);
        return this;
    }

    public ProtoMessage Message(int field, ProtoMessage value)
    {
        Begin(field, value.Length);
        _bytes.Write(value._bytes.WrittenSpan);
        return this;
    }

    /// <summary>The beginning of a field whose bytes the caller writes right after this message.</summary>
    public ProtoMessage Begin(int field, long length)
    {
        Tag(field, WireBytes);
        Varint((ulong)length);
        return this;
    }

    public void WriteTo(Stream stream) => stream.Write(_bytes.WrittenSpan);

    private void Tag(int field, int wire) => Varint(((ulong)field << 3) | (uint)wire);

    private void Varint(ulong value)
    {
        Span<byte> bytes = stackalloc byte[10];
        int count = 0;
        for (; value >= 0x80; value >>= 7)
        {
            bytes[count++] = (byte)(value | 0x80);
        }

        bytes[count++] = (byte)value;
        _bytes.Write(bytes[..count]);
    }
}

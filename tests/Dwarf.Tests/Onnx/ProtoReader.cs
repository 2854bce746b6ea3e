using System.Text;

namespace Dwarf.Tests.Onnx;

/// <summary>Protobuf read without a schema, written apart from the writer: a message is its fields by number, in order.</summary>
internal sealed class ProtoReader
{
    private readonly List<(int Number, ulong Value, byte[] Bytes)> _fields = [];

    public ProtoReader(ReadOnlySpan<byte> bytes)
    {
        for (int at = 0; at < bytes.Length;)
        {
            ulong tag = Varint(bytes, ref at);
            int number = (int)(tag / 8);
            switch (tag % 8)
            {
                case 0:
                    _fields.Add((number, Varint(bytes, ref at), []));
                    break;
                case 2:
                    int length = checked((int)Varint(bytes, ref at));
                    _fields.Add((number, 0, bytes.Slice(at, length).ToArray()));
                    at += length;
                    break;
                case 5:
                    _fields.Add((number, BitConverter.ToUInt32(bytes.Slice(at, 4)), []));
                    at += 4;
                    break;
                default:
                    throw new InvalidDataException($"wire type {tag % 8} at byte {at}");
            }
        }
    }

    public IEnumerable<int> Numbers => _fields.Select(f => f.Number);

    public long Integer(int number) => (long)_fields.Single(f => f.Number == number).Value;

    public long[] Integers(int number) => [.. _fields.Where(f => f.Number == number).Select(f => (long)f.Value)];

    public float Single(int number) => BitConverter.UInt32BitsToSingle((uint)Integer(number));

    public byte[] Bytes(int number) => _fields.Single(f => f.Number == number).Bytes;

    public string Text(int number) => Encoding.UTF8.GetString(Bytes(number));

    public string[] Texts(int number) => [.. _fields.Where(f => f.Number == number).Select(f => Encoding.UTF8.GetString(f.Bytes))];

    public ProtoReader Message(int number) => new(Bytes(number));

    public ProtoReader[] Messages(int number) => [.. _fields.Where(f => f.Number == number).Select(f => new ProtoReader(f.Bytes))];

    private static ulong Varint(ReadOnlySpan<byte> bytes, ref int at)
    {
        ulong value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte b = bytes[at++];
            value += (ulong)(b % 128) << shift;
            if (b < 128)
            {
                return value;
            }
        }
    }
}

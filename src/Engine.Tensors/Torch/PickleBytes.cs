using System.Buffers.Binary;
using System.Text;
using Engine.Tensors.Safetensors;

namespace Engine.Tensors.Torch;

/// <summary>The bytes of a pickle, read from the front; a length past their end is an error before anything is allocated.</summary>
internal sealed class PickleBytes(byte[] bytes, string path)
{
    private const int LongestName = 256;

    /// <summary>Bytes that were read.</summary>
    public int At { get; private set; }

    public int Left => bytes.Length - At;

    public byte Byte() => Take(1)[0];

    public int U16() => BinaryPrimitives.ReadUInt16LittleEndian(Take(2));

    public int I32() => BinaryPrimitives.ReadInt32LittleEndian(Take(4));

    public long U32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    public long I64() => BinaryPrimitives.ReadInt64LittleEndian(Take(8));

    public double Real() => BinaryPrimitives.ReadDoubleBigEndian(Take(8));

    /// <summary>Two's complement of so many bytes.</summary>
    /// <param name="count">0 to 32</param>
    /// <returns>a long where it fits, else a big integer</returns>
    public object Integer(int count)
    {
        if (count > 32)
        {
            throw Wrong($"holds an integer of {count} bytes; at most 32 are read");
        }

        var value = new System.Numerics.BigInteger(Take(count));
        return value >= long.MinValue && value <= long.MaxValue ? (object)(long)value : value;
    }

    public string Text(long count) => Utf8(Take(count));

    /// <summary>Text of Python 2, where a byte is a character.</summary>
    public string Latin(long count) => Encoding.Latin1.GetString(Take(count));

    public void Skip(long count) => Take(count);

    /// <summary>A name that ends with a line feed.</summary>
    public string Line()
    {
        int length = bytes.AsSpan(At, Math.Min(Left, LongestName + 1)).IndexOf((byte)'\n');
        if (length < 0)
        {
            throw Wrong($"holds a name of more than {LongestName} bytes or without an end");
        }

        string line = Utf8(Take(length));
        At++;
        return line;
    }

    public DwarfException Wrong(string what) => new(ErrorKind.Content, $"{path}: its pickle {what} (byte {At})");

    private ReadOnlySpan<byte> Take(long count)
    {
        if (count < 0 || count > Left)
        {
            throw Wrong($"ends early: {(ulong)count} more bytes were expected, {Left} are left");
        }

        var span = bytes.AsSpan(At, (int)count);
        At += (int)count;
        return span;
    }

    private string Utf8(ReadOnlySpan<byte> text) => System.Text.Unicode.Utf8.IsValid(text)
        ? Encoding.UTF8.GetString(text)
        : throw Wrong($"holds text that is not UTF-8: {SafetensorsFile.Printable(Encoding.Latin1.GetString(text[..Math.Min(text.Length, 20)]))}");
}

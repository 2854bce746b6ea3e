using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Dwarf.Tests.Data.Dicom;

/// <summary>Builds DICOM files element by element, right or wrong.</summary>
internal sealed class DicomFile
{
    public const uint Undefined = uint.MaxValue;

    /// <summary>A name that no message may repeat.</summary>
    public const string Patient = "SECRET^PERSON";

    private readonly SortedDictionary<uint, byte[]> _elements = [];

    /// <summary>A picture of 4x3 pixels of 8 bits, 0 to 11.</summary>
    public DicomFile()
    {
        Set(0x00080060, "CS", "DX");
        Set(0x00100010, "PN", Patient);
        Short(0x00280002, 1).Set(0x00280004, "CS", "MONOCHROME2");
        Short(0x00280010, 3).Short(0x00280011, 4).Short(0x00280100, 8).Short(0x00280101, 8).Short(0x00280102, 7).Short(0x00280103, 0);
        Set(0x7FE00010, "OB", [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    }

    public string Syntax { get; init; } = "1.2.840.10008.1.2.1";

    public bool HasPreamble { get; init; } = true;

    public DicomFile Short(uint tag, params int[] values)
    {
        var bytes = new byte[2 * values.Length];
        for (int i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(2 * i), (ushort)values[i]);
        }

        return Set(tag, "US", bytes);
    }

    public DicomFile Set(uint tag, string type, string text) => Set(tag, type, Encoding.Latin1.GetBytes(text.Length % 2 == 0 ? text : text + " "));

    public DicomFile Set(uint tag, string type, byte[] value, uint? length = null) => Raw(tag, Element(tag, type, value, length));

    /// <summary>Bytes in the place of an element, whatever they are.</summary>
    public DicomFile Raw(uint tag, byte[] bytes)
    {
        _elements[tag] = bytes;
        return this;
    }

    public DicomFile Without(uint tag)
    {
        _elements.Remove(tag);
        return this;
    }

    public byte[] Dataset() => [.. _elements.Values.SelectMany(bytes => bytes)];

    public byte[] Bytes()
    {
        byte[] syntax = Syntax.Length == 0 ? [] : Element(0x00020010, "UI", Encoding.ASCII.GetBytes(Syntax.Length % 2 == 0 ? Syntax : Syntax + "\0"));
        byte[] group = Element(0x00020000, "UL", BitConverter.GetBytes(syntax.Length));
        byte[] start = HasPreamble ? [.. new byte[128], .. "DICM"u8] : [];
        return [.. start, .. group, .. syntax, .. Dataset()];
    }

    /// <summary>An element in explicit little endian.</summary>
    public static byte[] Element(uint tag, string type, byte[] value, uint? length = null)
    {
        bool isLong = type is "OB" or "OW" or "SQ" or "UN" or "UT" or "OF";
        var head = new byte[isLong ? 12 : 8];
        Head(head, tag);
        Encoding.ASCII.GetBytes(type, head.AsSpan(4));
        if (isLong)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(8), length ?? (uint)value.Length);
        }
        else
        {
            BinaryPrimitives.WriteUInt16LittleEndian(head.AsSpan(6), (ushort)(length ?? (uint)value.Length));
        }

        return [.. head, .. value];
    }

    /// <summary>An item, a delimiter, or an element of implicit little endian.</summary>
    public static byte[] Mark(uint tag, uint length)
    {
        var head = new byte[8];
        Head(head, tag);
        BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(4), length);
        return head;
    }

    /// <summary>Pixels in pieces, after an empty offset table.</summary>
    public static byte[] Pieces(params byte[][] pieces) => Element(
        0x7FE00010,
        "OB",
        [
            .. Mark(0xFFFEE000, 0), .. pieces.SelectMany(piece => (byte[])[.. Mark(0xFFFEE000, (uint)piece.Length), .. piece]), .. Mark(0xFFFEE0DD, 0),
        ],
        Undefined);

    /// <summary>A LUT sequence of one item.</summary>
    public static byte[] Lut(uint tag, int[] descriptor, byte[] data)
    {
        byte[] numbers = [.. descriptor.SelectMany(number => BitConverter.GetBytes((ushort)number))];
        byte[] item = [.. Element(0x00283002, "US", numbers), .. Element(0x00283006, "OW", data)];
        return Element(tag, "SQ", [.. Mark(0xFFFEE000, (uint)item.Length), .. item]);
    }

    public static byte[] Deflate(byte[] bytes)
    {
        using var result = new MemoryStream();
        using (var deflate = new DeflateStream(result, CompressionLevel.Optimal, leaveOpen: true))
        {
            deflate.Write(bytes);
        }

        return result.ToArray();
    }

    private static void Head(Span<byte> head, uint tag)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(head, (ushort)(tag >> 16));
        BinaryPrimitives.WriteUInt16LittleEndian(head[2..], (ushort)tag);
    }
}

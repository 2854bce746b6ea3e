using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Engine.Tensors;

namespace Dwarf.Training.Imaging.Dicom;

/// <summary>Where an element's value lies.</summary>
/// <param name="Type">its two letters; empty where the syntax does not say</param>
/// <param name="Offset">first byte of the value</param>
/// <param name="Length">bytes of the value, or -1 where only a delimiter ends it</param>
internal readonly record struct DicomElement(string Type, int Offset, int Length);

/// <summary>The wanted elements of a file, or of the first item of one of its sequences.</summary>
/// <param name="file">its name, for messages</param>
/// <param name="content">the bytes that offsets mean</param>
/// <param name="isBigEndian">whether numbers begin with their high byte</param>
internal sealed class DicomElements(string file, byte[] content, bool isBigEndian)
{
    private readonly Dictionary<uint, DicomElement> _elements = [];
    private readonly Dictionary<uint, DicomElements> _sequences = [];

    public string File => file;

    public byte[] Content => content;

    public bool IsBigEndian => isBigEndian;

    /// <summary>The pieces of encapsulated pixels, the offset table left out.</summary>
    public List<(int Offset, int Length)> Fragments { get; } = [];

    public bool Has(uint tag) => _elements.ContainsKey(tag);

    public DicomElement? Find(uint tag) => _elements.TryGetValue(tag, out DicomElement element) ? element : null;

    /// <summary>The first item of a sequence; null where the sequence is absent or empty.</summary>
    public DicomElements? FirstItem(uint tag) => _sequences.GetValueOrDefault(tag);

    public void Add(uint tag, DicomElement element)
    {
        if (!_elements.TryAdd(tag, element))
        {
            throw Wrong(tag, "stands twice");
        }
    }

    public void AddItem(uint tag, DicomElements item) => _sequences.TryAdd(tag, item);

    /// <summary>A value of 16 bits, unsigned; null where it is absent or empty.</summary>
    public int? Short(uint tag)
    {
        if (Find(tag) is not { Length: not 0 } element)
        {
            return null;
        }

        return element.Length == 2 && element.Type is "" or "US" or "SS"
            ? ShortAt(element.Offset)
            : throw Wrong(tag, $"expected one number of 16 bits, found {Describe(element)}");
    }

    /// <summary>A value of 16 bits that must be there.</summary>
    public int RequiredShort(uint tag) => Short(tag) ?? throw Wrong(tag, "is missing");

    /// <summary>Three numbers of 16 bits, unsigned.</summary>
    public (int First, int Second, int Third, bool IsSigned) Triple(uint tag)
    {
        DicomElement element = Find(tag) ?? throw Wrong(tag, "is missing");
        return element.Length == 6 && element.Type is "" or "US" or "SS"
            ? (ShortAt(element.Offset), ShortAt(element.Offset + 2), ShortAt(element.Offset + 4), element.Type == "SS")
            : throw Wrong(tag, $"expected three numbers of 16 bits, found {Describe(element)}");
    }

    /// <summary>The first of a list of decimal numbers; null where it is absent or empty.</summary>
    public double? Decimal(uint tag)
    {
        if (Text(tag, "DS") is not { Length: > 0 } text)
        {
            return null;
        }

        string first = text.Split('\\')[0].Trim(' ');
        return double.TryParse(first, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number)
            ? number
            : throw Wrong(tag, "expected a decimal number");
    }

    /// <summary>A whole number in text; null where it is absent or empty.</summary>
    public long? Whole(uint tag)
    {
        if (Text(tag, "IS") is not { Length: > 0 } text)
        {
            return null;
        }

        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number)
            ? number
            : throw Wrong(tag, "expected a whole number");
    }

    /// <summary>Text without its padding; null where it is absent.</summary>
    public string? Text(uint tag, string type)
    {
        if (Find(tag) is not { } element)
        {
            return null;
        }

        return element.Length is >= 0 and <= 1024 && (element.Type.Length == 0 || element.Type == type)
            ? Encoding.Latin1.GetString(content, element.Offset, element.Length).Trim(' ', '\0')
            : throw Wrong(tag, $"expected text of type {type}, found {Describe(element)}");
    }

    public int ShortAt(int offset)
    {
        ReadOnlySpan<byte> bytes = content.AsSpan(offset, 2);
        return isBigEndian ? BinaryPrimitives.ReadUInt16BigEndian(bytes) : BinaryPrimitives.ReadUInt16LittleEndian(bytes);
    }

    public DwarfException Wrong(uint tag, string what) => new(ErrorKind.Content, $"{file}: {DicomTag.Describe(tag)}: {what}");

    private static string Describe(DicomElement element) =>
        $"{(element.Length < 0 ? "a value of undefined length" : $"{element.Length} bytes")}{(element.Type.Length > 0 ? $" of type {element.Type}" : "")}";
}

using System.Buffers.Binary;
using System.Text;
using Engine.Tensors;

namespace Dwarf.Training.Imaging.Dicom;

/// <summary>
/// Walks over the elements of a data set (PS3.5, section 7) once, from front to back, and notes where the wanted ones lie. No length is
/// believed before it is compared with what is left, and nothing is copied: time and memory are bounded by the file's size.
/// </summary>
/// <param name="elements">filled</param>
/// <param name="syntax">how the elements are written</param>
internal sealed class DicomParser(DicomElements elements, TransferSyntax syntax)
{
    /// <summary>Honest files nest less than ten deep; a hostile one would exhaust the stack.</summary>
    private const int MaxDepth = 32;

    private const uint Undefined = uint.MaxValue;

    /// <summary>Types whose length takes 32 bits, after two bytes that mean nothing.</summary>
    private static readonly HashSet<string> LongTypes = ["OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"];

    private static readonly HashSet<string> ShortTypes =
        ["AE", "AS", "AT", "CS", "DA", "DS", "DT", "FD", "FL", "IS", "LO", "LT", "PN", "SH", "SL", "SS", "ST", "TM", "UI", "UL", "US"];

    private readonly byte[] _content = elements.Content;

    /// <summary>Reads the header, which every file writes in explicit little endian.</summary>
    /// <returns>where the data set begins</returns>
    public int ReadMeta(int position)
    {
        int end = int.MaxValue;
        while (position < end && _content.Length - position >= 8
            && BinaryPrimitives.ReadUInt16LittleEndian(_content.AsSpan(position)) == 2)
        {
            (uint tag, string type, int value, uint length) = ReadHeader(position, _content.Length, syntax);
            int bytes = Within(tag, value, length, _content.Length);
            elements.Add(tag, new(type, value, bytes));
            position = value + bytes;
            if (tag == DicomTag.MetaLength && bytes == 4)
            {
                // The group ends there or, if that number is wrong, where another group begins.
                end = (int)Math.Min(int.MaxValue, position + (long)BinaryPrimitives.ReadUInt32LittleEndian(_content.AsSpan(value)));
            }
        }

        return position;
    }

    /// <summary>Reads elements up to the pixels or to the end.</summary>
    public void ReadDataset(int position) => ReadLevel(position, _content.Length, isDelimited: false, depth: 0, elements, syntax);

    private int ReadLevel(int position, int end, bool isDelimited, int depth, DicomElements? target, TransferSyntax form)
    {
        while (position < end)
        {
            (uint tag, string type, int value, uint length) = ReadHeader(position, end, form);
            if (tag == DicomTag.ItemEnd && isDelimited)
            {
                return value;
            }

            if ((tag >> 16) == 0xFFFE)
            {
                throw Damaged(position, $"a delimiter {DicomTag.Describe(tag)} outside of a sequence");
            }

            if (depth == 0 && tag == DicomTag.Pixels && length == Undefined)
            {
                elements.Add(tag, new(type, value, -1));
                ReadFragments(value, end);
                return end;
            }

            // Pixels inside an item are those of an icon; in pieces they look like a sequence.
            bool isSequence = type is "SQ" or "" or "UN" || tag == DicomTag.Pixels;
            if (length == Undefined && !isSequence)
            {
                throw Damaged(position, $"{DicomTag.Describe(tag)} of type {type} has no length");
            }

            bool isWantedSequence = target is not null && depth == 0 && tag is DicomTag.ModalityLut or DicomTag.VoiLut;
            if (length == Undefined || isWantedSequence)
            {
                int limit = length == Undefined ? end : value + Within(tag, value, length, end);
                // What hides behind the unknown type UN is written without types (PS3.5, section 6.2.2).
                var inner = type == "UN" ? TransferSyntax.ImplicitLittle : form;
                position = ReadSequence(tag, value, limit, length == Undefined, depth + 1, isWantedSequence ? target : null, inner);
                continue;
            }

            int bytes = Within(tag, value, length, end);
            if (target is not null && DicomTag.IsWanted(tag))
            {
                target.Add(tag, new(type, value, bytes));
            }

            position = value + bytes;
            if (depth == 0 && tag == DicomTag.Pixels)
            {
                return end;
            }
        }

        return isDelimited ? throw Damaged(position, "the file ends inside an item") : position;
    }

    /// <summary>Goes over a sequence; the first item of a wanted one becomes a data set of its own.</summary>
    private int ReadSequence(uint tag, int position, int end, bool isDelimited, int depth, DicomElements? owner, TransferSyntax form)
    {
        if (depth > MaxDepth)
        {
            throw Damaged(position, $"sequences are nested more than {MaxDepth} deep");
        }

        while (position < end)
        {
            (uint mark, _, int value, uint length) = ReadHeader(position, end, form);
            if (mark == DicomTag.SequenceEnd && isDelimited)
            {
                return value;
            }

            if (mark != DicomTag.Item)
            {
                throw Damaged(position, $"expected an item of {DicomTag.Describe(tag)}, found {DicomTag.Describe(mark)}");
            }

            DicomElements? item = owner is null ? null : new(elements.File, _content, elements.IsBigEndian);
            if (length == Undefined)
            {
                position = ReadLevel(value, end, isDelimited: true, depth, item, form);
            }
            else
            {
                int itemEnd = value + Within(mark, value, length, end);
                if (item is not null)
                {
                    ReadLevel(value, itemEnd, isDelimited: false, depth, item, form);
                }

                position = itemEnd;
            }

            if (item is not null)
            {
                owner!.AddItem(tag, item);
                owner = null;
            }
        }

        return isDelimited ? throw Damaged(position, $"the file ends inside {DicomTag.Describe(tag)}") : position;
    }

    /// <summary>Encapsulated pixels: an offset table, then pieces.</summary>
    private void ReadFragments(int position, int end)
    {
        for (bool isTable = true; ; isTable = false)
        {
            (uint tag, _, int value, uint length) = ReadHeader(position, end, syntax);
            if (tag == DicomTag.SequenceEnd)
            {
                return;
            }

            if (tag != DicomTag.Item || length == Undefined)
            {
                throw Damaged(position, $"expected a piece of {DicomTag.Describe(DicomTag.Pixels)}, found {DicomTag.Describe(tag)}");
            }

            int bytes = Within(tag, value, length, end);
            if (!isTable)
            {
                elements.Fragments.Add((value, bytes));
            }

            position = value + bytes;
        }
    }

    private (uint Tag, string Type, int Value, uint Length) ReadHeader(int position, int end, TransferSyntax form)
    {
        if (end - position < 8)
        {
            throw Damaged(position, $"expected another element, found {end - position} bytes before the end");
        }

        ReadOnlySpan<byte> bytes = _content.AsSpan(position, Math.Min(12, end - position));
        uint tag = form.IsBigEndian
            ? BinaryPrimitives.ReadUInt32BigEndian(bytes)
            : ((uint)BinaryPrimitives.ReadUInt16LittleEndian(bytes) << 16) | BinaryPrimitives.ReadUInt16LittleEndian(bytes[2..]);
        if (!form.IsExplicit || (tag >> 16) == 0xFFFE)
        {
            return (tag, "", position + 8, Number(bytes[4..], form));
        }

        string type = Encoding.Latin1.GetString(bytes.Slice(4, 2));
        if (ShortTypes.Contains(type))
        {
            ReadOnlySpan<byte> word = bytes.Slice(6, 2);
            return (tag, type, position + 8, form.IsBigEndian ? BinaryPrimitives.ReadUInt16BigEndian(word) : BinaryPrimitives.ReadUInt16LittleEndian(word));
        }

        if (!LongTypes.Contains(type))
        {
            // The two bytes may be anything, so they are shown as numbers.
            throw Damaged(position, FormattableString.Invariant($"{DicomTag.Describe(tag)} has a type that does not exist (bytes {bytes[4]:x2} {bytes[5]:x2})"));
        }

        return bytes.Length == 12
            ? (tag, type, position + 12, Number(bytes[8..], form))
            : throw Damaged(position, $"{DicomTag.Describe(tag)} is cut");
    }

    private static uint Number(ReadOnlySpan<byte> bytes, TransferSyntax form) =>
        form.IsBigEndian ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : BinaryPrimitives.ReadUInt32LittleEndian(bytes);

    private int Within(uint tag, int value, uint length, int end) => length <= end - value
        ? (int)length
        : throw Damaged(value, $"{DicomTag.Describe(tag)} says that it has {length} bytes, but only {end - value} are left");

    private DwarfException Damaged(int position, string what) => new(ErrorKind.Content, $"{elements.File}: byte {position}: {what}");
}

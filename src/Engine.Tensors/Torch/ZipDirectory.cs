using System.Buffers.Binary;
using System.Text;
using Engine.Tensors.Safetensors;

namespace Engine.Tensors.Torch;

/// <summary>Where a record's data lies in an archive.</summary>
/// <param name="Name">path inside the archive</param>
/// <param name="Offset">of its first byte in the file</param>
/// <param name="Length">in bytes</param>
internal sealed record ZipRecord(string Name, long Offset, long Length);

/// <summary>Reads the directory of a zip archive as PyTorch writes it: records stored without compression, zip64 where it is needed.</summary>
/// <remarks>Format: PKWARE APPNOTE 6.3, sections 4.3.7, 4.3.12, 4.3.14 to 4.3.16, 4.5.3.</remarks>
internal sealed class ZipDirectory
{
    private const int MostRecords = 200_000;
    private const int LongestDirectory = 1 << 25;

    private readonly PositionedFile _file;

    private ZipDirectory(PositionedFile file) => _file = file;

    /// <summary>The records by name.</summary>
    /// <param name="file">the archive</param>
    /// <returns>each inside the file, none over another</returns>
    /// <exception cref="DwarfException">anything that PyTorch would not have written (content)</exception>
    public static Dictionary<string, ZipRecord> Read(PositionedFile file) => new ZipDirectory(file).Read();

    private Dictionary<string, ZipRecord> Read()
    {
        var (count, begin, end) = Ends();
        var directory = new byte[end - begin];
        _file.Read(directory, begin);
        var records = new Dictionary<string, ZipRecord>((int)count, StringComparer.Ordinal);
        var places = new List<(long Header, ZipRecord Record)>((int)count);
        ReadOnlySpan<byte> rest = directory;
        for (long i = 0; i < count; i++)
        {
            var (header, record) = Entry(ref rest, begin);
            places.Add((header, record));
            if (!records.TryAdd(record.Name, record))
            {
                throw Wrong($"two records are named '{SafetensorsFile.Printable(record.Name)}'");
            }
        }

        if (rest.Length > 0)
        {
            throw Wrong($"{rest.Length} bytes follow the last of {count} records in the archive's directory");
        }

        places.Sort((a, b) => a.Header.CompareTo(b.Header));
        for (int i = 1; i < places.Count; i++)
        {
            if (places[i - 1].Record.Offset + places[i - 1].Record.Length > places[i].Header)
            {
                throw Wrong(
                    $"records '{SafetensorsFile.Printable(places[i - 1].Record.Name)}' and '{SafetensorsFile.Printable(places[i].Record.Name)}' overlap");
            }
        }

        return records;
    }

    /// <summary>Number of records, and first and one past the last byte of the directory.</summary>
    private (long Count, long Begin, long End) Ends()
    {
        const int Tail = 22, Locator = 20, Tail64 = 56;
        long end = _file.Length - Tail;
        Span<byte> tail = stackalloc byte[Tail];
        if (end < 0)
        {
            throw Wrong("the archive ends before its directory");
        }

        _file.Read(tail, end);
        if (U32(tail, 0) != 0x06054b50 || U16(tail, 20) != 0)
        {
            throw Wrong("the archive does not end with its directory: it was cut, or something was added to it");
        }

        long count = U16(tail, 10), size = U32(tail, 12), begin = U32(tail, 16);
        bool disks = U16(tail, 4) is 0 or 0xffff && U16(tail, 6) is 0 or 0xffff && U16(tail, 8) == count;
        Span<byte> locator = stackalloc byte[Locator];
        if (end >= Locator + Tail64)
        {
            _file.Read(locator, end - Locator);
            if (U32(locator, 0) == 0x07064b50)
            {
                end -= Locator + Tail64;
                Span<byte> tail64 = stackalloc byte[Tail64];
                _file.Read(tail64, end);
                long count64 = I64(tail64, 32), size64 = I64(tail64, 40), begin64 = I64(tail64, 48);
                bool agrees = (count == count64 || count == 0xffff) && (size == size64 || size == 0xffffffff)
                    && (begin == begin64 || begin == 0xffffffff) && I64(locator, 8) == end && U32(tail64, 0) == 0x06064b50
                    && I64(tail64, 4) == Tail64 - 12 && I64(tail64, 24) == count64 && U32(tail64, 16) == 0 && U32(tail64, 20) == 0;
                if (!agrees)
                {
                    throw Wrong("the archive's two ends contradict each other");
                }

                (count, size, begin) = (count64, size64, begin64);
            }
        }

        return !disks || begin < 0 || size < 0 || begin > end || size != end - begin
            ? throw Wrong($"the archive's directory of {size} bytes at {begin} does not end at byte {end}")
            : count is < 0 or > MostRecords || size > LongestDirectory
            ? throw Wrong($"the archive has {count} records in {size} bytes; at most {MostRecords} in {LongestDirectory} are read")
            : (count, begin, end);
    }

    private (long Header, ZipRecord Record) Entry(ref ReadOnlySpan<byte> rest, long dataEnd)
    {
        const int Fixed = 46;
        if (rest.Length < Fixed || U32(rest, 0) != 0x02014b50)
        {
            throw Wrong("the archive's directory is damaged");
        }

        int flags = U16(rest, 8), method = U16(rest, 10), nameLength = U16(rest, 28), extraLength = U16(rest, 30), comment = U16(rest, 32);
        if (rest.Length < Fixed + nameLength + extraLength + comment)
        {
            throw Wrong("the archive's directory is damaged");
        }

        string name = Name(rest.Slice(Fixed, nameLength));
        string label = SafetensorsFile.Printable(name);
        var extra = rest.Slice(Fixed + nameLength, extraLength);
        long size = U32(rest, 24), stored = U32(rest, 20), header = U32(rest, 42);
        Extend(extra, label, ref size, ref stored, ref header);
        rest = rest[(Fixed + nameLength + extraLength + comment)..];
        if (method != 0)
        {
            throw Wrong(TorchFile.IsScript(name) ? TorchFile.Script : $"record '{label}' is compressed (method {method}); PyTorch stores records as they are");
        }

        // Bit 3: sizes follow the data as well; bit 11: names are UTF-8. Everything else (encryption, patches) is not PyTorch's.
        if ((flags & ~0x0808) != 0 || size != stored || size < 0 || header < 0 || header > dataEnd)
        {
            throw Wrong($"record '{label}' of {size} bytes ({stored} stored, flags 0x{flags:x}) at {header} is not one that PyTorch writes");
        }

        return (header, new ZipRecord(name, Data(header, name, label, size, dataEnd), size));
    }

    /// <summary>First byte of a record's data: its own header may be longer than the directory says, for alignment.</summary>
    private long Data(long header, string name, string label, long size, long dataEnd)
    {
        const int Fixed = 30;
        Span<byte> local = stackalloc byte[Fixed];
        _file.Read(local, header);
        byte[] expected = Encoding.UTF8.GetBytes(name);
        var text = new byte[expected.Length];
        bool named = U32(local, 0) == 0x04034b50 && U16(local, 26) == expected.Length;
        if (named)
        {
            _file.Read(text, header + Fixed);
        }

        bool later = (U16(local, 6) & 8) != 0;
        bool fits = later || (U32(local, 22) == size && U32(local, 18) == size) || U32(local, 22) == 0xffffffff;
        if (!named || U16(local, 8) != 0 || !fits || !expected.AsSpan().SequenceEqual(text))
        {
            throw Wrong($"record '{label}' and the archive's directory contradict each other");
        }

        long data = header + Fixed + expected.Length + U16(local, 28);
        return data <= dataEnd && size <= dataEnd - data
            ? data
            : throw Wrong($"record '{label}' of {size} bytes at {data} does not fit the archive: its data ends at {dataEnd}");
    }

    /// <summary>Sizes that need 64 bits stand in an extra field, in this order and only where 32 bits are all ones.</summary>
    private void Extend(ReadOnlySpan<byte> extra, string label, ref long size, ref long stored, ref long header)
    {
        while (extra.Length >= 4)
        {
            int id = U16(extra, 0), length = U16(extra, 2);
            if (length > extra.Length - 4)
            {
                break;
            }

            var field = extra.Slice(4, length);
            if (id == 1)
            {
                int need = (size == 0xffffffff ? 8 : 0) + (stored == 0xffffffff ? 8 : 0) + (header == 0xffffffff ? 8 : 0);
                if (need > length)
                {
                    throw Wrong($"record '{label}' needs {need} bytes for its sizes, the archive's directory has {length}");
                }

                size = size == 0xffffffff ? Next(ref field) : size;
                stored = stored == 0xffffffff ? Next(ref field) : stored;
                header = header == 0xffffffff ? Next(ref field) : header;
            }

            extra = extra[(4 + length)..];
        }
    }

    private static long Next(ref ReadOnlySpan<byte> field)
    {
        long value = I64(field, 0);
        field = field[8..];
        return value;
    }

    private string Name(ReadOnlySpan<byte> bytes)
    {
        string name = Encoding.UTF8.GetString(bytes);
        bool clean = System.Text.Unicode.Utf8.IsValid(bytes) && !name.Any(c => char.IsControl(c) || c == '\\')
            && name.Split('/').All(part => part is not ("" or "." or ".."));
        return clean ? name : throw Wrong($"record name '{SafetensorsFile.Printable(name)}' is not a plain path");
    }

    private DwarfException Wrong(string what) => new(ErrorKind.Content, $"{_file.Path}: {what}");

    private static int U16(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);

    private static uint U32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);

    private static long I64(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadInt64LittleEndian(bytes[at..]);
}

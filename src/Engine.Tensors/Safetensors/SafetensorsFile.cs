using System.Buffers.Binary;
using System.Text;

namespace Engine.Tensors.Safetensors;

/// <summary>Where a safetensors header says a tensor's data lies.</summary>
/// <param name="Name">tensor name</param>
/// <param name="Stored">element type</param>
/// <param name="Shape">sizes</param>
/// <param name="Begin">first byte, from the start of the data section</param>
/// <param name="End">one past the last byte</param>
internal sealed record SafetensorsEntry(string Name, StoredType Stored, Shape Shape, long Begin, long End) : TensorEntry(Name, Stored, Shape);

/// <summary>Reads a safetensors file: header checked as a whole, data by positioned reads (a file that shrinks is an error, not a crash).</summary>
/// <remarks>Format: github.com/huggingface/safetensors, README. Every deviation is refused with the file's name and the place.</remarks>
public sealed class SafetensorsFile : WeightArchive
{
    private const int LongestHeader = 100_000_000;

    private readonly PositionedFile _file;
    private readonly long _dataStart;

    private SafetensorsFile(PositionedFile file, long dataStart, List<SafetensorsEntry> entries, Dictionary<string, string> metadata)
        : base(file.Path, entries, metadata)
    {
        _file = file;
        _dataStart = dataStart;
    }

    /// <summary>Opens a file and checks its header.</summary>
    /// <param name="path">the file</param>
    /// <returns>the open file</returns>
    /// <exception cref="DwarfException">not there (missing input) or damaged (content)</exception>
    public static new SafetensorsFile Open(string path)
    {
        var file = PositionedFile.Open(path);
        try
        {
            Span<byte> word = stackalloc byte[8];
            file.Read(word, 0);
            if (word.StartsWith("PK\u0003\u0004"u8))
            {
                throw new DwarfException(ErrorKind.Content, $"{path}: expected safetensors, found an archive such as PyTorch's .pt files are");
            }

            return Open(file, BinaryPrimitives.ReadUInt64LittleEndian(word));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Reads all tensors of a safetensors file.</summary>
    /// <param name="path">the file</param>
    /// <returns>by name, each with memory of its own</returns>
    public static Dictionary<string, Tensor> ReadAll(string path)
    {
        using var file = Open(path);
        return file.Entries.ToDictionary(e => e.Name, e => file.Read(e.Name));
    }

    /// <inheritdoc/>
    public override void ReadStored(TensorEntry entry, long offset, Span<byte> target)
        => _file.Read(target, _dataStart + ((SafetensorsEntry)entry).Begin + offset);

    /// <inheritdoc/>
    public override void Dispose() => _file.Dispose();

    /// <summary>A name with control characters escaped and an absurd length cut, safe for a terminal.</summary>
    /// <param name="name">any text</param>
    /// <param name="most">characters; the rest is left out</param>
    /// <returns>printable text</returns>
    public static string Printable(string name, int most = 300)
    {
        var text = new StringBuilder();
        foreach (char c in name.AsSpan(0, Math.Min(name.Length, most)))
        {
            text.Append(char.IsControl(c) ? $"\\u{(int)c:x4}" : c);
        }

        return name.Length > most ? text.Append('…').ToString() : text.ToString();
    }

    internal static SafetensorsFile Open(PositionedFile file, ulong headerLength)
    {
        if (headerLength > LongestHeader || headerLength > (ulong)(file.Length - 8))
        {
            throw new DwarfException(ErrorKind.Content,
                $"{file.Path}: header length {headerLength} does not fit a file of {file.Length} bytes (at most {LongestHeader})");
        }

        var header = new byte[headerLength];
        file.Read(header, 8);
        var (entries, metadata) = SafetensorsHeader.Parse(header, file.Length - 8 - (long)headerLength, file.Path);
        return new SafetensorsFile(file, 8 + (long)headerLength, entries, metadata);
    }
}

using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Engine.Tensors.Safetensors;

/// <summary>One entry of a safetensors header.</summary>
/// <param name="Name">tensor name</param>
/// <param name="DType">element type</param>
/// <param name="Shape">sizes</param>
/// <param name="Begin">first byte, from the start of the data section</param>
/// <param name="End">one past the last byte</param>
public sealed record SafetensorsEntry(string Name, DType DType, Shape Shape, long Begin, long End);

/// <summary>Reads a safetensors file: header checked as a whole, data by positioned reads (a file that shrinks is an error, not a crash).</summary>
/// <remarks>Format: github.com/huggingface/safetensors, README. Every deviation is refused with the file's name and the place.</remarks>
public sealed class SafetensorsFile : IDisposable
{
    private readonly SafeFileHandle _handle;
    private readonly string _path;
    private readonly long _dataStart;
    private readonly Dictionary<string, SafetensorsEntry> _byName;

    private SafetensorsFile(SafeFileHandle handle, string path, long dataStart, List<SafetensorsEntry> entries, Dictionary<string, string> metadata)
    {
        _handle = handle;
        _path = path;
        _dataStart = dataStart;
        Entries = entries;
        Metadata = metadata;
        _byName = entries.ToDictionary(e => e.Name);
    }

    /// <summary>The tensors, in the order of their data.</summary>
    public IReadOnlyList<SafetensorsEntry> Entries { get; }

    /// <summary>The header's free text.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Opens a file and checks its header.</summary>
    /// <param name="path">the file</param>
    /// <returns>the open file</returns>
    /// <exception cref="DwarfException">not there (missing input) or damaged (content)</exception>
    public static SafetensorsFile Open(string path)
    {
        // Pipes have length 0 and opening one may wait for ever, so the size is looked at first.
        if (new FileInfo(path) is { Exists: true, Length: < 8 } small)
        {
            throw new DwarfException(ErrorKind.Content, $"{path}: a safetensors file has at least 8 bytes, found {small.Length}");
        }

        SafeFileHandle handle;
        try
        {
            handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            string reason = error is FileNotFoundException or DirectoryNotFoundException ? "no such file" : error.Message;
            throw new DwarfException(ErrorKind.MissingInput, $"{path}: {reason}", error);
        }

        try
        {
            long length = RandomAccess.GetLength(handle);
            Span<byte> word = stackalloc byte[8];
            ReadFully(handle, path, word, 0);
            ulong headerLength = System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(word);
            if (word.StartsWith("PK\u0003\u0004"u8))
            {
                throw new DwarfException(ErrorKind.Content, $"{path}: expected safetensors, found an archive such as PyTorch's .pt files are");
            }

            if (headerLength > 100_000_000 || headerLength > (ulong)(length - 8))
            {
                throw new DwarfException(ErrorKind.Content, $"{path}: header length {headerLength} does not fit a file of {length} bytes (at most 100000000)");
            }

            var header = new byte[headerLength];
            ReadFully(handle, path, header, 8);
            var (entries, metadata) = SafetensorsHeader.Parse(header, length - 8 - (long)headerLength, path);
            return new SafetensorsFile(handle, path, 8 + (long)headerLength, entries, metadata);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Reads all tensors of a file.</summary>
    /// <param name="path">the file</param>
    /// <returns>by name, each with memory of its own</returns>
    public static Dictionary<string, Tensor> ReadAll(string path)
    {
        using var file = Open(path);
        return file.Entries.ToDictionary(e => e.Name, e => file.Read(e.Name));
    }

    /// <summary>Whether a tensor is there.</summary>
    /// <param name="name">its name</param>
    /// <returns>true if it is</returns>
    public bool Contains(string name) => _byName.ContainsKey(name);

    /// <summary>Reads one tensor; U8 is read as a mask.</summary>
    /// <param name="name">its name</param>
    /// <returns>a tensor with memory of its own</returns>
    /// <exception cref="DwarfException">not there, the file ends early, or a mask's byte is neither 0 nor 1 (content)</exception>
    public Tensor Read(string name)
    {
        if (!_byName.TryGetValue(name, out var entry))
        {
            throw new DwarfException(ErrorKind.Content, $"{_path}: tensor '{name}' is missing");
        }

        var tensor = new Tensor(entry.Shape, entry.DType);
        const int Chunk = 1 << 24;
        for (long at = 0; at < tensor.Bytes; at += Chunk)
        {
            var bytes = tensor.ByteSpan(at, (int)Math.Min(Chunk, tensor.Bytes - at));
            ReadFully(_handle, _path, bytes, _dataStart + entry.Begin + at);
            if (entry.DType == DType.Bool && bytes.IndexOfAnyExceptInRange((byte)0, (byte)1) is >= 0 and var wrong)
            {
                throw new DwarfException(
                    ErrorKind.Content, $"{_path}: tensor '{Printable(name)}' is a mask, element {at + wrong} must be 0 or 1, found {bytes[wrong]}");
            }
        }

        return tensor;
    }

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();

    /// <summary>A name with control characters escaped, safe for a terminal.</summary>
    /// <param name="name">any text</param>
    /// <returns>printable text</returns>
    public static string Printable(string name)
    {
        var text = new StringBuilder();
        foreach (char c in name)
        {
            text.Append(char.IsControl(c) ? $"\\u{(int)c:x4}" : c);
        }

        return text.ToString();
    }

    private static void ReadFully(SafeFileHandle handle, string path, Span<byte> buffer, long offset)
    {
        while (buffer.Length > 0)
        {
            int read = RandomAccess.Read(handle, buffer, offset);
            if (read == 0)
            {
                throw new DwarfException(ErrorKind.Content, $"{path}: the file ends at byte {offset}, {buffer.Length} more bytes were expected");
            }

            buffer = buffer[read..];
            offset += read;
        }
    }
}

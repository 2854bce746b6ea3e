using System.Text;
using Engine.Tensors.Safetensors;

namespace Engine.Tensors.Torch;

/// <summary>A tensor of a checkpoint and where its elements lie.</summary>
internal sealed record TorchEntry(string Name, PickleTensor View) : TensorEntry(Name, View.Storage.Element, View.Shape);

/// <summary>Reads what torch.save writes since PyTorch 1.6: a zip archive of storages and one pickle, which is read as data and never run.</summary>
/// <remarks>
/// Dictionaries and lists become names joined with dots. Numbers and text in dictionaries become metadata. Views of shared storages are read
/// right, and row-major whatever their strides.
/// </remarks>
public sealed class TorchFile : WeightArchive
{
    private const int LongestPickle = 1 << 25;

    /// <summary>Names may share data, as aliases do; a file that repeats itself more often than this is a trap for whoever reads it all.</summary>
    private const int MostRepeats = 16;

    /// <summary>Why an archive of torch.jit.save is refused.</summary>
    internal const string Script = "a TorchScript archive is not read; load it with torch.jit.load and torch.save its state_dict()";

    private readonly PositionedFile _file;
    private TorchEntry? _gathered;
    private NativeBlock? _elements;

    private TorchFile(PositionedFile file, List<TorchEntry> entries, Dictionary<string, string> metadata)
        : base(file.Path, entries, metadata) => _file = file;

    /// <inheritdoc/>
    public override unsafe void ReadStored(TensorEntry entry, long offset, Span<byte> target)
    {
        var wanted = (TorchEntry)entry;
        var view = wanted.View;
        int size = entry.Stored.Size();
        if (view.IsContiguous)
        {
            _file.Read(target, view.Storage.Offset + (view.Offset * size) + offset);
            return;
        }

        if (_gathered != wanted)
        {
            _elements?.Dispose();
            (_elements, _gathered) = (Extent(view, size), wanted);
        }

        Gather(view, _elements!.Pointer, offset / size, target, size);
        GC.KeepAlive(_elements);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _elements?.Dispose();
        _file.Dispose();
    }

    internal static TorchFile Open(PositionedFile file)
    {
        var records = ZipDirectory.Read(file);
        string prefix = Prefix(file.Path, records);
        var record = records[prefix + "data.pkl"];
        if (record.Length > LongestPickle)
        {
            throw new DwarfException(ErrorKind.Content, $"{file.Path}: its pickle has {record.Length} bytes; at most {LongestPickle} are read");
        }

        var pickle = new byte[record.Length];
        file.Read(pickle, record.Offset);
        CheckByteOrder(file, records, prefix);
        var tree = new TorchTree(file.Path);
        tree.Walk(PickleMachine.Read(pickle, file.Path, records, prefix));
        List<TorchEntry> entries = [.. tree.Tensors.Select(t => new TorchEntry(t.Name, t.Tensor))];
        var total = entries.Aggregate((Int128)0, (sum, entry) => sum + entry.StoredBytes);
        return total <= (Int128)file.Length * MostRepeats
            ? new TorchFile(file, entries, tree.Metadata)
            : throw new DwarfException(ErrorKind.Content,
                $"{file.Path}: its tensors have {total} bytes together, more than {MostRepeats} times the file's {file.Length}");
    }

    /// <summary>Whether a record is of a kind that only torch.jit.save writes.</summary>
    internal static bool IsScript(string record)
        => record.EndsWith("/constants.pkl", StringComparison.Ordinal) || record.Contains("/code/", StringComparison.Ordinal);

    /// <summary>What a file that begins like this is, where it is one of PyTorch's other formats.</summary>
    /// <param name="head">the file's first bytes</param>
    /// <returns>a sentence, or null</returns>
    internal static string? OtherFormat(ReadOnlySpan<byte> head)
    {
        const string Again = "load it with torch.load and write it again with torch.save";
        return head.Length >= 262 && head[257..].StartsWith("ustar"u8) ? $"a tar archive, as PyTorch wrote before 0.2, is not read; {Again}"
            : head is [0x80, >= 2 and <= 5, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, ..] ? $"PyTorch's format of before 1.6 is not read; {Again}"
            : head is [0x80, >= 1 and <= 5, ..] or [(byte)'(', (byte)'d' or (byte)'l', (byte)'p', ..] ? $"a bare pickle is not read; {Again}"
            : null;
    }

    /// <summary>The folder that all records lie in, the slash included.</summary>
    private static string Prefix(string path, Dictionary<string, ZipRecord> records)
    {
        string[] pickles = [.. records.Keys.Where(n => n.EndsWith("/data.pkl", StringComparison.Ordinal) && n.IndexOf('/') == n.LastIndexOf('/'))];
        if (pickles is not [var pickle])
        {
            throw new DwarfException(ErrorKind.Content,
                $"{path}: an archive of torch.save has one FOLDER/data.pkl, this one has {pickles.Length} among {records.Count} records");
        }

        string prefix = pickle[..^"data.pkl".Length];
        return records.Keys.FirstOrDefault(n => !n.StartsWith(prefix, StringComparison.Ordinal)) is { } stranger
            ? throw new DwarfException(ErrorKind.Content, $"{path}: record '{SafetensorsFile.Printable(stranger)}' lies outside of '{SafetensorsFile.Printable(prefix)}'")
            : records.Keys.Any(IsScript) ? throw new DwarfException(ErrorKind.Content, $"{path}: {Script}")
            : prefix;
    }

    private static void CheckByteOrder(PositionedFile file, Dictionary<string, ZipRecord> records, string prefix)
    {
        if (records.TryGetValue(prefix + "byteorder", out var record))
        {
            var text = new byte[Math.Min(record.Length, 16)];
            file.Read(text, record.Offset);
            if (record.Length != 6 || !text.AsSpan().SequenceEqual("little"u8))
            {
                string found = SafetensorsFile.Printable(Encoding.Latin1.GetString(text));
                throw new DwarfException(ErrorKind.Content, $"{file.Path}: byte order must be 'little', found '{found}'");
            }
        }
    }

    /// <summary>All elements between a view's first and last, read at once.</summary>
    private unsafe NativeBlock Extent(PickleTensor view, int size)
    {
        long count = view.Shape.Count == 0 ? 0 : 1;
        for (int axis = 0; count > 0 && axis < view.Shape.Rank; axis++)
        {
            count += (view.Shape[axis] - 1) * view.Strides[axis];
        }

        var block = new NativeBlock(count * size);
        const int Chunk = 1 << 24;
        for (long at = 0; at < block.Bytes; at += Chunk)
        {
            var part = new Span<byte>(block.Pointer + at, (int)Math.Min(Chunk, block.Bytes - at));
            _file.Read(part, view.Storage.Offset + (view.Offset * size) + at);
        }

        return block;
    }

    private static unsafe void Gather(PickleTensor view, byte* elements, long first, Span<byte> target, int size)
    {
        Span<long> index = stackalloc long[Shape.MaxRank];
        long rest = first, at = 0;
        for (int axis = view.Shape.Rank - 1; axis >= 0; axis--)
        {
            (rest, index[axis]) = Math.DivRem(rest, view.Shape[axis]);
            at += index[axis] * view.Strides[axis];
        }

        for (int done = 0; done < target.Length; done += size)
        {
            new ReadOnlySpan<byte>(elements + (at * size), size).CopyTo(target[done..]);
            for (int axis = view.Shape.Rank - 1; axis >= 0; axis--)
            {
                at += view.Strides[axis];
                if (++index[axis] < view.Shape[axis])
                {
                    break;
                }

                at -= view.Shape[axis] * view.Strides[axis];
                index[axis] = 0;
            }
        }
    }
}

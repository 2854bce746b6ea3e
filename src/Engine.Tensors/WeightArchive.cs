using System.Buffers.Binary;
using Engine.Tensors.Safetensors;
using Engine.Tensors.Torch;

namespace Engine.Tensors;

/// <summary>One tensor of a weight file.</summary>
/// <param name="Name">its name</param>
/// <param name="Stored">how the file stores its elements</param>
/// <param name="Shape">sizes</param>
public record TensorEntry(string Name, StoredType Stored, Shape Shape)
{
    /// <summary>The dtype it is read as.</summary>
    public DType DType => Stored.ReadAs();

    /// <summary>Size in bytes as stored.</summary>
    public long StoredBytes => Shape.Count * Stored.Size();
}

/// <summary>A file of named tensors, whatever its format; the list is checked when it is opened, data is read on demand.</summary>
public abstract class WeightArchive : IDisposable
{
    private const int Chunk = 1 << 22;

    private readonly Dictionary<string, TensorEntry> _byName;

    private protected WeightArchive(string path, IReadOnlyList<TensorEntry> entries, IReadOnlyDictionary<string, string> metadata)
    {
        Path = path;
        Entries = entries;
        Metadata = metadata;
        _byName = entries.ToDictionary(e => e.Name, StringComparer.Ordinal);
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>The tensors, in the order of the file.</summary>
    public IReadOnlyList<TensorEntry> Entries { get; }

    /// <summary>Free text beside the tensors.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Opens a file and checks all of it but the data; its content decides the format, not its name.</summary>
    /// <param name="path">safetensors, or what torch.save writes (.pt, .pth, .bin)</param>
    /// <returns>the open file</returns>
    /// <exception cref="DwarfException">not there (missing input) or damaged (content)</exception>
    public static WeightArchive Open(string path)
    {
        var file = PositionedFile.Open(path);
        try
        {
            Span<byte> head = stackalloc byte[(int)Math.Min(262, file.Length)];
            file.Read(head, 0);
            ulong first = BinaryPrimitives.ReadUInt64LittleEndian(head);

            // A header of exactly this length would begin like an archive; what follows tells them apart.
            return head.StartsWith("PK\u0003\u0004"u8) && (head.Length == 8 || head[8] != '{') ? TorchFile.Open(file)
                : TorchFile.OtherFormat(head) is { } other ? throw new DwarfException(ErrorKind.Content, $"{path}: {other}")
                : SafetensorsFile.Open(file, first);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Finds a tensor.</summary>
    /// <param name="name">its name</param>
    /// <returns>null if there is none</returns>
    public TensorEntry? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>Whether a tensor is there.</summary>
    /// <param name="name">its name</param>
    /// <returns>true if it is</returns>
    public bool Contains(string name) => _byName.ContainsKey(name);

    /// <summary>Reads one tensor; see <see cref="StoredTypes.ReadAs"/> for its dtype.</summary>
    /// <param name="name">its name</param>
    /// <returns>a tensor with memory of its own</returns>
    /// <exception cref="DwarfException">not there, the file ends early, or a mask's byte is neither 0 nor 1 (content)</exception>
    public Tensor Read(string name)
    {
        var entry = Find(name) ?? throw new DwarfException(ErrorKind.Content, $"{Path}: tensor '{SafetensorsFile.Printable(name)}' is missing");
        var tensor = new Tensor(entry.Shape, entry.DType);
        int stored = entry.Stored.Size(), wide = entry.DType.Size();
        byte[]? buffer = stored == wide ? null : new byte[Math.Min(Chunk, entry.StoredBytes)];
        for (long at = 0; at < entry.StoredBytes; at += Chunk)
        {
            int count = (int)Math.Min(Chunk, entry.StoredBytes - at);
            var target = tensor.ByteSpan(at / stored * wide, count / stored * wide);
            if (buffer is null)
            {
                ReadStored(entry, at, target);
                CheckMask(entry, at, target);
            }
            else
            {
                ReadStored(entry, at, buffer.AsSpan(0, count));
                StoredTypes.Widen(entry.Stored, buffer.AsSpan(0, count), target);
            }
        }

        return tensor;
    }

    /// <summary>Reads a stretch of a tensor's bytes as they are stored, row-major.</summary>
    /// <param name="entry">of this file</param>
    /// <param name="offset">first byte within the tensor, whole elements</param>
    /// <param name="target">receives them; whole elements</param>
    /// <exception cref="DwarfException">the file ends early (content)</exception>
    public abstract void ReadStored(TensorEntry entry, long offset, Span<byte> target);

    /// <inheritdoc/>
    public abstract void Dispose();

    private void CheckMask(TensorEntry entry, long at, ReadOnlySpan<byte> bytes)
    {
        if (entry.DType == DType.Bool && bytes.IndexOfAnyExceptInRange((byte)0, (byte)1) is >= 0 and var wrong)
        {
            throw new DwarfException(ErrorKind.Content,
                $"{Path}: tensor '{SafetensorsFile.Printable(entry.Name)}' is a mask, element {at + wrong} must be 0 or 1, found {bytes[wrong]}");
        }
    }
}

using System.Buffers.Binary;
using System.Text.Json;

namespace Engine.Tensors.Safetensors;

/// <summary>Writes safetensors files: atomically, and the same bytes for the same content.</summary>
public static class SafetensorsWriter
{
    private const string MetadataKey = "__metadata__";
    private const int Chunk = 1 << 24;

    /// <summary>Writes a file through a temporary one beside it, flushed to disk and renamed: a reader sees the old file or the new one.</summary>
    /// <param name="path">the file; an existing one is replaced</param>
    /// <param name="tensors">name and data (a device's are copied one by one), written in this order</param>
    /// <param name="metadata">free text, written in ordinal order of the keys</param>
    /// <exception cref="DwarfException">disk full and the like (input/output)</exception>
    public static void Write(string path, IEnumerable<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        var list = tensors.ToList();
        byte[] header = Header([.. list.Select(t => new TensorEntry(t.Key, t.Value.DType.Stored(), t.Value.Shape))], metadata);
        AtomicFile.Write(path, stream =>
        {
            WriteHeader(stream, header);
            foreach (var (_, placed) in list)
            {
                var tensor = placed.OnHost();
                for (long at = 0; at < tensor.Bytes; at += Chunk)
                {
                    stream.Write(tensor.ByteSpan(at, (int)Math.Min(Chunk, tensor.Bytes - at)));
                }
            }
        });
    }

    /// <summary>Writes all tensors of a weight file as they are stored, and its metadata.</summary>
    /// <param name="path">the file; an existing one is replaced</param>
    /// <param name="source">the weight file, of any format</param>
    /// <exception cref="DwarfException">disk full and the like (input/output), a source that ends early (content)</exception>
    public static void Write(string path, WeightArchive source)
    {
        if (source.Contains(MetadataKey))
        {
            throw new DwarfException(ErrorKind.Content, $"{source.Path}: a tensor named '{MetadataKey}' has no place in safetensors");
        }

        byte[] header = Header(source.Entries, source.Metadata);
        AtomicFile.Write(path, stream =>
        {
            WriteHeader(stream, header);
            var buffer = new byte[(int)Math.Min(Chunk, source.Entries.Select(e => e.StoredBytes).DefaultIfEmpty().Max())];
            foreach (var entry in source.Entries)
            {
                for (long at = 0; at < entry.StoredBytes; at += Chunk)
                {
                    var part = buffer.AsSpan(0, (int)Math.Min(Chunk, entry.StoredBytes - at));
                    source.ReadStored(entry, at, part);
                    stream.Write(part);
                }
            }
        });
    }

    private static void WriteHeader(Stream stream, byte[] header)
    {
        Span<byte> word = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(word, (ulong)header.Length);
        stream.Write(word);
        stream.Write(header);
    }

    private static byte[] Header(IReadOnlyList<TensorEntry> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (metadata is { Count: > 0 })
            {
                json.WriteStartObject(MetadataKey);
                foreach (var (key, value) in metadata.OrderBy(m => m.Key, StringComparer.Ordinal))
                {
                    json.WriteString(key, value);
                }

                json.WriteEndObject();
            }

            long offset = 0;
            foreach (var tensor in tensors)
            {
                json.WriteStartObject(tensor.Name);
                json.WriteString("dtype", SafetensorsHeader.Label(tensor.Stored));
                json.WriteStartArray("shape");
                for (int i = 0; i < tensor.Shape.Rank; i++)
                {
                    json.WriteNumberValue(tensor.Shape[i]);
                }

                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                json.WriteNumberValue(offset += tensor.StoredBytes);
                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        // The data starts on an 8-byte boundary; the format allows padding by spaces.
        while (buffer.Length % 8 != 0)
        {
            buffer.WriteByte((byte)' ');
        }

        return buffer.ToArray();
    }
}

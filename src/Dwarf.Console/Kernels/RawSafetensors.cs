using System.Buffers.Binary;
using System.Text.Json;
using Engine.Tensors;

namespace Dwarf.Cli.Kernels;

/// <summary>Safetensors files of any dtype, for kernels that are not the engine's; ends and sizes are checked.</summary>
internal static class RawSafetensors
{
    /// <summary>Reads every tensor.</summary>
    /// <exception cref="DwarfException">not there (missing input) or damaged (content)</exception>
    public static Dictionary<string, RawTensor> Read(string path)
    {
        byte[] file;
        try
        {
            file = File.ReadAllBytes(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            string reason = error is FileNotFoundException or DirectoryNotFoundException ? "no such file" : error.Message;
            throw new DwarfException(ErrorKind.MissingInput, $"{path}: {reason}", error);
        }
        if (file.Length < 8 || BinaryPrimitives.ReadUInt64LittleEndian(file) is var length && length > (ulong)(file.Length - 8))
        {
            throw new DwarfException(ErrorKind.Content, $"{path}: is no safetensors file: its header does not fit {file.Length} bytes");
        }
        int start = 8 + (int)BinaryPrimitives.ReadUInt64LittleEndian(file);
        var tensors = new Dictionary<string, RawTensor>();
        try
        {
            var strict = new JsonDocumentOptions { AllowDuplicateProperties = false };
            using var header = JsonDocument.Parse(file.AsMemory(8, start - 8), strict);
            foreach (var entry in header.RootElement.EnumerateObject().Where(entry => entry.Name != "__metadata__"))
            {
                tensors.Add(entry.Name, One(path, entry, file, start));
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            string reason = error.Message.ReplaceLineEndings(" ");
            throw new DwarfException(ErrorKind.Content, $"{path}: its header is not what safetensors says: {reason}", error);
        }
        return tensors;
    }

    /// <summary>Writes the tensors in the order given, atomically.</summary>
    /// <exception cref="DwarfException">disk full and the like (input/output)</exception>
    public static void Write(string path, IReadOnlyList<KeyValuePair<string, RawTensor>> tensors)
    {
        using var header = new MemoryStream();
        using (var json = new Utf8JsonWriter(header))
        {
            json.WriteStartObject();
            long offset = 0;
            foreach (var (name, tensor) in tensors)
            {
                json.WritePropertyName(name);
                JsonSerializer.Serialize(json, new Dictionary<string, object>
                {
                    ["dtype"] = tensor.Label,
                    ["shape"] = tensor.Shape,
                    ["data_offsets"] = new[] { offset, offset + tensor.Bytes.Length },
                });
                offset += tensor.Bytes.Length;
            }
            json.WriteEndObject();
        }
        while (header.Length % 8 != 0)
        {
            header.WriteByte((byte)' ');
        }
        AtomicFile.Write(path, stream =>
        {
            Span<byte> word = stackalloc byte[8];
            BinaryPrimitives.WriteUInt64LittleEndian(word, (ulong)header.Length);
            stream.Write(word);
            stream.Write(header.GetBuffer(), 0, (int)header.Length);
            foreach (var (_, tensor) in tensors)
            {
                stream.Write(tensor.Bytes);
            }
        });
    }

    private static RawTensor One(string path, JsonProperty entry, byte[] file, int start)
    {
        string label = entry.Value.GetProperty("dtype").GetString()!;
        long[] shape = [.. entry.Value.GetProperty("shape").EnumerateArray().Select(size => size.GetInt64())];
        long[] ends = [.. entry.Value.GetProperty("data_offsets").EnumerateArray().Select(end => end.GetInt64())];
        int size = RawTensor.SizeOf(label);
        if (size == 0)
        {
            throw new DwarfException(ErrorKind.Content, $"{path}: tensor '{entry.Name}' has dtype {label}; known are {RawTensor.Types}");
        }
        decimal bytes = shape.Aggregate((decimal)size, (product, axis) => product * axis);
        if (ends.Length != 2 || ends[0] < 0 || ends[1] < ends[0] || ends[1] > file.Length - start || bytes != ends[1] - ends[0]
            || shape.Any(axis => axis < 0))
        {
            throw new DwarfException(ErrorKind.Content,
                $"{path}: tensor '{entry.Name}' of {label} [{string.Join(",", shape)}] does not match its data_offsets "
                + $"[{string.Join(",", ends)}]");
        }
        return new RawTensor(label, shape, file[(start + (int)ends[0])..(start + (int)ends[1])]);
    }
}

using System.Text;
using System.Text.Json;

namespace Engine.Tensors.Safetensors;

/// <summary>The JSON header of a safetensors file, read under every rule of the format.</summary>
internal static class SafetensorsHeader
{
    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 4, AllowDuplicateProperties = false };

    public static string Label(DType dtype) => dtype switch
    {
        DType.F32 => "F32",
        DType.F64 => "F64",
        DType.BF16 => "BF16",
        DType.I64 => "I64",
        _ => "BOOL",
    };

    public static (List<SafetensorsEntry> Entries, Dictionary<string, string> Metadata) Parse(byte[] header, long dataLength, string path)
    {
        if (header.Length == 0 || header[0] != '{')
        {
            throw Wrong(path, "the header must start with '{'");
        }

        JsonDocument document;
        try
        {
            _ = new UTF8Encoding(false, true).GetString(header);
            document = JsonDocument.Parse(header, Strict);
        }
        catch (Exception error) when (error is JsonException or ArgumentException)
        {
            throw new DwarfException(ErrorKind.Content, $"{path}: the header is not valid JSON: {error.Message.ReplaceLineEndings(" ")}", error);
        }

        using (document)
        {
            var entries = new List<SafetensorsEntry>();
            var metadata = new Dictionary<string, string>();
            foreach (var property in document.RootElement.EnumerateObject())
            {
                if (property.Name == "__metadata__")
                {
                    ReadMetadata(property.Value, metadata, path);
                }
                else
                {
                    entries.Add(ReadEntry(property.Name, property.Value, path));
                }
            }

            entries.Sort((a, b) => (a.Begin, a.End).CompareTo((b.Begin, b.End)));
            CheckTiling(entries, dataLength, path);
            return (entries, metadata);
        }
    }

    private static void ReadMetadata(JsonElement value, Dictionary<string, string> metadata, string path)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            throw Wrong(path, "__metadata__ must be an object of strings");
        }

        foreach (var item in value.EnumerateObject())
        {
            metadata[item.Name] = item.Value.ValueKind == JsonValueKind.String
                ? item.Value.GetString()!
                : throw Wrong(path, $"__metadata__ entry '{SafetensorsFile.Printable(item.Name)}' must be a string");
        }
    }

    private static SafetensorsEntry ReadEntry(string name, JsonElement value, string path)
    {
        string label = SafetensorsFile.Printable(name);
        if (value.ValueKind != JsonValueKind.Object || value.EnumerateObject().Count() != 3
            || !value.TryGetProperty("dtype", out var dtypeJson) || !value.TryGetProperty("shape", out var shapeJson)
            || !value.TryGetProperty("data_offsets", out var offsetsJson))
        {
            throw Wrong(path, $"tensor '{label}' must have exactly dtype, shape and data_offsets");
        }

        string? dtypeName = dtypeJson.ValueKind == JsonValueKind.String ? dtypeJson.GetString() : null;
        var dtype = dtypeName switch
        {
            "F32" => DType.F32,
            "F64" => DType.F64,
            "BF16" => DType.BF16,
            "I64" => DType.I64,
            "BOOL" or "U8" => DType.Bool,
            _ => throw Wrong(path, $"tensor '{label}' has dtype {dtypeJson.GetRawText()}; F32, F64, BF16, I64, BOOL and U8 (masks of 0 and 1) are read"),
        };
        long[] sizes = Integers(shapeJson, path, label, "shape");
        if (sizes.Length > Shape.MaxRank)
        {
            throw Wrong(path, $"tensor '{label}' has {sizes.Length} axes, at most {Shape.MaxRank} are read");
        }

        long[] offsets = Integers(offsetsJson, path, label, "data_offsets");
        if (offsets.Length != 2 || offsets[0] > offsets[1])
        {
            throw Wrong(path, $"tensor '{label}': data_offsets must be [begin, end] with begin <= end, found {offsetsJson.GetRawText()}");
        }

        Shape shape;
        try
        {
            shape = new Shape(sizes);
        }
        catch (ShapeException error)
        {
            throw new DwarfException(ErrorKind.Content, $"{path}: tensor '{label}': {error.Message}", error);
        }

        if (shape.Count * dtype.Size() != offsets[1] - offsets[0])
        {
            throw Wrong(path, $"tensor '{label}' {shape} {dtypeName} needs {shape.Count * dtype.Size()} bytes, its data_offsets span {offsets[1] - offsets[0]}");
        }

        return new SafetensorsEntry(name, dtype, shape, offsets[0], offsets[1]);
    }

    private static long[] Integers(JsonElement value, string path, string label, string key)
    {
        if (value.ValueKind != JsonValueKind.Array)
        {
            throw Wrong(path, $"tensor '{label}': {key} must be an array of integers, found {value.GetRawText()}");
        }

        return [.. value.EnumerateArray().Select(item =>
            item.ValueKind == JsonValueKind.Number && item.GetRawText().All(char.IsAsciiDigit) && item.TryGetInt64(out long number)
                ? number
                : throw Wrong(path, $"tensor '{label}': {key} must hold integers of at least 0, found {item.GetRawText()}"))];
    }

    private static void CheckTiling(List<SafetensorsEntry> entries, long dataLength, string path)
    {
        long end = 0;
        foreach (var entry in entries)
        {
            if (entry.Begin != end)
            {
                string what = entry.Begin < end ? "overlaps the tensor before it" : "leaves a hole before it";
                throw Wrong(path, $"tensor '{SafetensorsFile.Printable(entry.Name)}' starts at byte {entry.Begin} and {what}; {end} was expected");
            }

            end = entry.End;
        }

        if (end != dataLength)
        {
            throw Wrong(path, $"the tensors end at byte {end} of the data, the file has {dataLength}");
        }
    }

    private static DwarfException Wrong(string path, string what) => new(ErrorKind.Content, $"{path}: {what}");
}

using System.Text.Json;
using System.Text.Unicode;

namespace Engine.Tensors.Safetensors;

/// <summary>The JSON header of a safetensors file, read under every rule of the format.</summary>
internal static class SafetensorsHeader
{
    private static readonly StoredType[] Types = Enum.GetValues<StoredType>();
    private static readonly string[] Labels = Array.ConvertAll(Types, Label);
    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 4, AllowDuplicateProperties = false };

    /// <summary>The format's name of a stored type.</summary>
    public static string Label(StoredType type) => type == StoredType.Bool ? "BOOL" : type.ToString();

    public static (List<SafetensorsEntry> Entries, Dictionary<string, string> Metadata) Parse(byte[] header, long dataLength, string path)
    {
        if (header.Length == 0 || header[0] != '{' || header.AsSpan().TrimEnd((byte)' ')[^1] != '}')
        {
            throw Wrong(path, "the header must start with '{' and end with '}', padded by spaces alone");
        }

        JsonDocument document;
        try
        {
            // The parser looks at names for duplicates alone, so text that is no text must be found before.
            document = Utf8.IsValid(header) ? JsonDocument.Parse(header, Strict) : throw new JsonException("it is not UTF-8");
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new DwarfException(ErrorKind.Content, $"{path}: the header is not valid JSON: {SafetensorsFile.Printable(error.Message)}", error);
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
            metadata[item.Name] = Text(item.Value)
                ?? throw Wrong(path, $"__metadata__ entry '{SafetensorsFile.Printable(item.Name)}' must be a string");
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

        string? dtypeName = Text(dtypeJson);
        int at = Array.IndexOf(Labels, dtypeName);
        if (at < 0)
        {
            throw Wrong(path, $"tensor '{label}' has dtype {Cut(dtypeJson)}; {string.Join(", ", Labels)} are read");
        }

        var stored = Types[at];
        long[] sizes = Integers(shapeJson, path, label, "shape");
        if (sizes.Length > Shape.MaxRank)
        {
            throw Wrong(path, $"tensor '{label}' has {sizes.Length} axes, at most {Shape.MaxRank} are read");
        }

        long[] offsets = Integers(offsetsJson, path, label, "data_offsets");
        if (offsets.Length != 2 || offsets[0] > offsets[1])
        {
            throw Wrong(path, $"tensor '{label}': data_offsets must be [begin, end] with begin <= end, found {Cut(offsetsJson)}");
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

        var entry = new SafetensorsEntry(name, stored, shape, offsets[0], offsets[1]);
        return entry.StoredBytes == offsets[1] - offsets[0]
            ? entry
            : throw Wrong(path, $"tensor '{label}' {shape} {dtypeName} needs {entry.StoredBytes} bytes, its data_offsets span {offsets[1] - offsets[0]}");
    }

    private static long[] Integers(JsonElement value, string path, string label, string key)
    {
        if (value.ValueKind != JsonValueKind.Array)
        {
            throw Wrong(path, $"tensor '{label}': {key} must be an array of integers, found {Cut(value)}");
        }

        return [.. value.EnumerateArray().Select(item =>
            item.ValueKind == JsonValueKind.Number && item.GetRawText().All(char.IsAsciiDigit) && item.TryGetInt64(out long number)
                ? number
                : throw Wrong(path, $"tensor '{label}': {key} must hold integers of at least 0, found {Cut(item)}"))];
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

    /// <summary>A string's text; null for anything else, half a surrogate pair included, which JSON may spell but text cannot hold.</summary>
    private static string? Text(JsonElement value)
    {
        try
        {
            return value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>A value as the file writes it, short enough for a message.</summary>
    private static string Cut(JsonElement value)
    {
        string text = SafetensorsFile.Printable(value.GetRawText());
        return text.Length <= 60 ? text : text[..60] + "…";
    }

    private static DwarfException Wrong(string path, string what) => new(ErrorKind.Content, $"{path}: {what}");
}

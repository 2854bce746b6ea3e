using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Engine.Tensors;

namespace Dwarf.Training.Report;

/// <summary>
/// Appends to metrics.jsonl, one JSON object a line, flushed line by line. JSON has no NaN: such a number is written as null
/// and its name stands in the line's `not_finite`, so a reader can tell "went bad" from "has no value".
/// </summary>
public sealed class MetricsLog : IDisposable
{
    private static readonly JsonWriterOptions s_style = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private readonly FileStream _file;

    private MetricsLog(FileStream file) => _file = file;

    /// <summary>Opens the log; an existing one is continued.</summary>
    /// <param name="path">the file</param>
    /// <param name="lastStep">
    /// for a resumed run: keeps only lines with `step` up to this one (and drops a torn last line), so that the log of an interrupted and
    /// resumed run equals that of a straight one; null: starts an empty file
    /// </param>
    public static MetricsLog Open(string path, long? lastStep = null)
    {
        try
        {
            if (lastStep is null || !File.Exists(path))
            {
                return new(new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read));
            }

            var kept = File.ReadLines(path).Where(line => Step(line) is { } step && step <= lastStep).ToList();
            AtomicFile.WriteText(path, string.Concat(kept.Select(line => line + "\n")));
            return new(new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DwarfException(ErrorKind.InputOutput, $"{path}: cannot be written: {error.Message}", error);
        }
    }

    /// <summary>Writes one line.</summary>
    /// <param name="fields">names and values in order: numbers, text, truth values or null</param>
    public void Write(params ReadOnlySpan<(string Name, object? Value)> fields)
    {
        using MemoryStream line = new();
        List<string> notFinite = [];
        using (Utf8JsonWriter json = new(line, s_style))
        {
            json.WriteStartObject();
            foreach (var (name, value) in fields)
            {
                json.WritePropertyName(name);
                WriteValue(json, name, value, notFinite);
            }

            if (notFinite.Count > 0)
            {
                json.WriteStartArray("not_finite");
                notFinite.ForEach(json.WriteStringValue);
                json.WriteEndArray();
            }

            json.WriteEndObject();
        }

        line.WriteByte((byte)'\n');
        _file.Write(line.GetBuffer().AsSpan(0, (int)line.Length));
        _file.Flush();
    }

    /// <summary>Bytes in the file.</summary>
    public long Length => _file.Length;

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static void WriteValue(Utf8JsonWriter json, string name, object? value, List<string> notFinite)
    {
        switch (value)
        {
            case null:
                json.WriteNullValue();
                break;
            case double number when double.IsFinite(number):
                json.WriteNumberValue(number);
                break;
            case float number when float.IsFinite(number):
                json.WriteNumberValue(number);
                break;
            case double or float:
                notFinite.Add(name);
                json.WriteNullValue();
                break;
            case int number:
                json.WriteNumberValue(number);
                break;
            case long number:
                json.WriteNumberValue(number);
                break;
            case bool truth:
                json.WriteBooleanValue(truth);
                break;
            case string text:
                json.WriteStringValue(text);
                break;
            default:
                throw new ArgumentException($"metrics log: {name} is a {value.GetType().Name}, expected a number, text or truth value");
        }
    }

    /// <summary>The line's step; null for a torn line or one without a step.</summary>
    private static long? Step(string line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            return document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("step", out var step) && step.TryGetInt64(out var value) ? value : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

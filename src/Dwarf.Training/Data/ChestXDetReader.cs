using Engine.Tensors;

namespace Dwarf.Training.Data;

/// <summary>
/// Reads outlines in ChestX-Det's format: a JSON list of records with `file_name` and the parallel lists `syms`, `boxes` and `polygons`,
/// one entry an instance. Two keys more are known: `nih_file`, which names the picture where `file_name` is only a number, and `split`,
/// which is ignored (the labels' CSV decides).
/// </summary>
public sealed class ChestXDetReader
{
    private static readonly string[] Required = ["file_name", "syms", "boxes", "polygons"];
    private static readonly string[] Known = [.. Required, "nih_file", "split"];

    private readonly string _file;
    private readonly double _frame;
    private readonly IReadOnlyCollection<string>? _findings;
    private readonly DataFaults _faults;

    private ChestXDetReader(string file, double frame, IReadOnlyCollection<string>? findings, DataFaults faults) =>
        (_file, _frame, _findings, _faults) = (file, frame, findings, faults);

    /// <summary>The 13 findings of ChestX-Det, as its files spell them.</summary>
    public static IReadOnlyList<string> Findings { get; } =
    [
        "Atelectasis", "Calcification", "Cardiomegaly", "Consolidation", "Diffuse Nodule", "Effusion", "Emphysema", "Fibrosis", "Fracture",
        "Mass", "Nodule", "Pleural Thickening", "Pneumothorax",
    ];

    /// <summary>Reads a file.</summary>
    /// <param name="path">the JSON</param>
    /// <param name="frame">side of the frame that coordinates must lie in</param>
    /// <param name="findings">names that `syms` may hold; null: any</param>
    /// <param name="faults">where faults go; records and instances with one are left out. By default the first one is an error</param>
    /// <exception cref="DwarfException">not there (missing input), or not such a file (content): file, record, expected and
    /// found</exception>
    public static IReadOnlyList<ImageAnnotation> Load(
        string path, double frame, IReadOnlyCollection<string>? findings = null, DataFaults? faults = null)
    {
        var reader = new ChestXDetReader(path, frame, findings, faults ?? DataFaults.StopAtFirst());
        JsonValue root = JsonText.Load(path);
        if (root.Kind != JsonKind.Array)
        {
            throw new DwarfException(ErrorKind.Content, $"{path}: {root.Place}: expected a list of records, found {root.Describe()}");
        }

        var annotations = new List<ImageAnnotation>();
        var seen = new Dictionary<string, string>(StringComparer.Ordinal);
        for (int i = 0; i < root.Items.Count; i++)
        {
            if (reader.ReadRecord(root.Items[i], i) is not ImageAnnotation annotation)
            {
                continue;
            }

            if (seen.TryGetValue(annotation.FileName, out string? first))
            {
                reader.Report("duplicate-record", annotation.Place, $"the picture '{annotation.FileName}' is annotated already in {first}");
                continue;
            }

            seen.Add(annotation.FileName, annotation.Place);
            annotations.Add(annotation);
        }

        return annotations;
    }

    private ImageAnnotation? ReadRecord(JsonValue record, int index)
    {
        string place = $"record {index}";
        if (record.Kind != JsonKind.Object)
        {
            Report("wrong-type", place, $"expected an object, found {record.Describe()}");
            return null;
        }

        var fields = new Dictionary<string, JsonValue>(StringComparer.Ordinal);
        JsonValue? named = record.Members.LastOrDefault(member => member.Key == "file_name").Value;
        string? name = named is { Kind: JsonKind.Text } ? named.Text : null;
        place = name is null ? place : $"{place} ('{name}')";
        foreach (var (key, value) in record.Members)
        {
            if (!Known.Contains(key))
            {
                Report("unknown-key", place, $"unknown key '{key}'{Nearest.Hint(key, Known)}");
            }
            else if (!fields.TryAdd(key, value))
            {
                Report("duplicate-key", place, $"the key '{key}' stands there twice");
            }
        }

        bool whole = true;
        foreach (string key in Required)
        {
            JsonKind expected = key == "file_name" ? JsonKind.Text : JsonKind.Array;
            if (!fields.TryGetValue(key, out JsonValue? value))
            {
                Report("missing-key", place, $"expected the key '{key}'");
                whole = false;
            }
            else if (value.Kind != expected)
            {
                Report("wrong-type", place, $"'{key}' must be a {(expected == JsonKind.Text ? "text" : "list")}, found {value.Describe()}");
                whole = false;
            }
        }

        if (fields.TryGetValue("nih_file", out JsonValue? alias))
        {
            if (alias.Kind != JsonKind.Text)
            {
                Report("wrong-type", place, $"'nih_file' must be a text, found {alias.Describe()}");
                whole = false;
            }

            whole &= IsSafe(alias.Text, place);
        }

        whole = whole && IsSafe(name!, place);
        name = alias?.Text ?? name;
        return whole ? new ImageAnnotation(name!, place, ReadInstances(fields, place)) : null;
    }

    private bool IsSafe(string name, string place)
    {
        string? problem = SafePath.Problem(name);
        if (problem is not null)
        {
            Report("unsafe-name", place, problem);
        }

        return problem is null;
    }

    private List<Outline> ReadInstances(Dictionary<string, JsonValue> fields, string place)
    {
        var outlines = new List<Outline>();
        IReadOnlyList<JsonValue> names = fields["syms"].Items;
        IReadOnlyList<JsonValue> boxes = fields["boxes"].Items;
        IReadOnlyList<JsonValue> polygons = fields["polygons"].Items;
        if (names.Count != boxes.Count || names.Count != polygons.Count)
        {
            Report(
                "unequal-lists",
                place,
                $"'syms', 'boxes' and 'polygons' must be equally long, found {names.Count}, {boxes.Count} and {polygons.Count}");
        }

        for (int i = 0; i < polygons.Count; i++)
        {
            double[][]? ring = ReadRing(polygons[i], $"{place}, polygon {i}");
            if (i < names.Count && ReadFinding(names[i], $"{place}, sym {i}") is string finding && ring is not null)
            {
                outlines.Add(new Outline(finding, [.. ring.Select(point => point[0])], [.. ring.Select(point => point[1])]));
            }
        }

        for (int i = 0; i < boxes.Count; i++)
        {
            ReadNumbers(boxes[i], 4, "[x1, y1, x2, y2]", $"{place}, box {i}");
        }

        return outlines;
    }

    private string? ReadFinding(JsonValue value, string place)
    {
        if (value.Kind != JsonKind.Text)
        {
            Report("wrong-type", place, $"expected the name of a finding, found {value.Describe()}");
            return null;
        }

        if (_findings is not null && !_findings.Contains(value.Text))
        {
            Report("unknown-finding", place, $"'{value.Text}' is no known finding{Nearest.Hint(value.Text, _findings)}");
            return null;
        }

        return value.Text;
    }

    private double[][]? ReadRing(JsonValue value, string place)
    {
        if (value.Kind != JsonKind.Array)
        {
            Report("wrong-type", place, $"expected a list of points, found {value.Describe()}");
            return null;
        }

        if (value.Items.Count < 3)
        {
            Report("too-few-points", place, $"expected at least 3 points, found {value.Items.Count}");
            return null;
        }

        double[]?[] points = [.. value.Items.Select((point, i) => ReadNumbers(point, 2, "[x, y]", $"{place}, point {i}"))];
        return points.Any(point => point is null) ? null : [.. points.Select(point => point!)];
    }

    /// <summary>So many finite numbers inside the frame, or null.</summary>
    private double[]? ReadNumbers(JsonValue value, int count, string form, string place)
    {
        if (value.Kind != JsonKind.Array || value.Items.Count != count || value.Items.Any(item => item.Kind != JsonKind.Number))
        {
            Report("wrong-type", place, $"expected {form}, found {value.Describe()}");
            return null;
        }

        foreach (JsonValue item in value.Items)
        {
            if (!double.IsFinite(item.Number))
            {
                Report("not-a-number", place, $"expected a finite number, found {item.Describe()} ({item.Place})");
                return null;
            }

            if (item.Number < 0 || item.Number > _frame)
            {
                Report("outside-frame", place, $"expected coordinates from 0 to {_frame}, found {item.Describe()}");
                return null;
            }
        }

        return [.. value.Items.Select(item => item.Number)];
    }

    private void Report(string kind, string place, string message) => _faults.Report(kind, _file, place, message);
}

using Engine.Tensors;

namespace Dwarf.Training.Data;

/// <summary>
/// The truth of one pathology in one picture of CheXlocalize; the mask is made when asked for, since a set's masks together are large.
/// </summary>
/// <param name="Id">the picture, patientN_studyN_viewN_frontal</param>
/// <param name="Pathology">as the file spells it</param>
/// <param name="Width">of the picture</param>
/// <param name="Height">of the picture</param>
/// <param name="Draw">makes the mask</param>
public sealed record TruthEntry(string Id, string Pathology, int Width, int Height, Func<byte[]> Draw)
{
    /// <summary>[height, width] of 0 and 1.</summary>
    /// <exception cref="DwarfException">run lengths that cannot be (content); the message names the entry</exception>
    public byte[] Mask() => Draw();

    /// <summary>Size, area and box of the mask.</summary>
    public TruthSummary Summarise()
    {
        byte[] mask = Mask();
        long area = 0;
        int[] box = [Width, Height, -1, -1];
        for (int y = 0; y < Height; y++)
        {
            ReadOnlySpan<byte> row = mask.AsSpan(y * Width, Width);
            int first = row.IndexOf((byte)1);
            if (first < 0)
            {
                continue;
            }

            area += row.Count((byte)1);
            box = [Math.Min(box[0], first), Math.Min(box[1], y), Math.Max(box[2], row.LastIndexOf((byte)1)), y];
        }

        return new TruthSummary([Height, Width], area, area > 0 ? box : null);
    }
}

/// <summary>The figures of one mask.</summary>
/// <param name="Size">[height, width], as the files have it</param>
/// <param name="Area">pixels</param>
/// <param name="Box">[x0, y0, x1, y1], the last ones inclusive; null for an empty mask</param>
public sealed record TruthSummary(int[] Size, long Area, int[]? Box);

/// <summary>Reads CheXlocalize's truth in either of its forms: annotators' contours or COCO run lengths.</summary>
public static class CheXlocalizeTruth
{
    /// <summary>A contour's corner may lie outside the picture, but not so far that it must be a mistake.</summary>
    private const double FarthestCorner = 1e6;

    /// <summary>Reads a file; masks are decoded later.</summary>
    /// <param name="path">{id: {"img_size": [h, w], pathology: [contour, ...]}} or {id: {pathology: {"size": [h, w],
    /// "counts": "..."}}}</param>
    /// <exception cref="DwarfException">not there (missing input), or not such a file (content): file, entry, expected and
    /// found</exception>
    public static IReadOnlyList<TruthEntry> Load(string path)
    {
        JsonValue root = JsonText.Load(path);
        var entries = new List<TruthEntry>();
        foreach (var (id, image) in Members(root, path, "an object of pictures"))
        {
            var members = Members(image, $"{path}: {id}", "an object of pathologies");
            JsonValue? size = members.FirstOrDefault(member => member.Key == "img_size").Value;
            foreach (var (pathology, value) in members.Where(member => member.Key != "img_size"))
            {
                string place = $"{path}: {id}, {pathology}";
                entries.Add(value.Kind == JsonKind.Array
                    ? FromContours(id, pathology, size, value, place)
                    : FromRuns(id, pathology, value, place));
            }
        }

        return entries;
    }

    private static TruthEntry FromContours(string id, string pathology, JsonValue? size, JsonValue contours, string place)
    {
        var (height, width) = ReadSize(size, place, "img_size");
        var corners = contours.Items.Select((contour, i) => ReadContour(contour, $"{place}, contour {i}")).ToArray();
        return new TruthEntry(id, pathology, width, height, () =>
        {
            var mask = new byte[width * height];
            foreach (var (x, y) in corners)
            {
                PilPolygon.Fill(mask, width, height, x, y);
            }

            return mask;
        });
    }

    private static TruthEntry FromRuns(string id, string pathology, JsonValue value, string place)
    {
        var members = Members(value, place, "a list of contours, or an object with 'size' and 'counts'");
        var (height, width) = ReadSize(members.FirstOrDefault(member => member.Key == "size").Value, place, "size");
        return members.FirstOrDefault(member => member.Key == "counts").Value is { Kind: JsonKind.Text } counts
            ? new TruthEntry(id, pathology, width, height, () => CocoRle.Decode(counts.Text, width, height, place))
            : throw Wrong(place, "expected the key 'counts' with a text of run lengths");
    }

    private static (double[] X, double[] Y) ReadContour(JsonValue contour, string place)
    {
        if (contour.Kind != JsonKind.Array || contour.Items.Count < 2)
        {
            throw Wrong(place, $"expected a list of at least 2 points, found {contour.Describe()}");
        }

        for (int i = 0; i < contour.Items.Count; i++)
        {
            JsonValue point = contour.Items[i];
            bool good = point.Kind == JsonKind.Array && point.Items.Count == 2
                && point.Items.All(item => item.Kind == JsonKind.Number && Math.Abs(item.Number) <= FarthestCorner);
            if (!good)
            {
                string found = point.Items.Count == 2 ? $"[{point.Items[0].Describe()}, {point.Items[1].Describe()}]" : point.Describe();
                throw Wrong(place, $"point {i}: expected [x, y] of finite numbers, found {found}");
            }
        }

        return ([.. contour.Items.Select(point => point.Items[0].Number)], [.. contour.Items.Select(point => point.Items[1].Number)]);
    }

    private static (int Height, int Width) ReadSize(JsonValue? size, string place, string key)
    {
        bool good = size is { Kind: JsonKind.Array, Items.Count: 2 } && size.Items.All(IsSide);
        if (!good)
        {
            throw Wrong(place, $"'{key}' must be [height, width], found {size?.Describe() ?? "nothing"}");
        }

        Imaging.ImageLimits.Check(place, (long)size!.Items[1].Number, (long)size.Items[0].Number, Imaging.ImageLimits.DefaultMaxPixels);
        return ((int)size.Items[0].Number, (int)size.Items[1].Number);
    }

    private static bool IsSide(JsonValue value) =>
        value.Kind == JsonKind.Number && value.Number is >= 1 and <= int.MaxValue && value.Number == Math.Floor(value.Number);

    private static IReadOnlyList<KeyValuePair<string, JsonValue>> Members(JsonValue value, string place, string expected)
    {
        if (value.Kind != JsonKind.Object)
        {
            throw Wrong(place, $"expected {expected}, found {value.Describe()}");
        }

        var twice = value.Members.GroupBy(member => member.Key, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1);
        return twice is null ? value.Members : throw Wrong(place, $"the key '{twice.Key}' stands there twice");
    }

    private static DwarfException Wrong(string place, string what) => new(ErrorKind.Content, $"{place}: {what}");
}

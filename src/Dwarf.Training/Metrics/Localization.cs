using Dwarf.Training.Imaging;

namespace Dwarf.Training.Metrics;

/// <summary>Localisation metrics of one pathology after CheXlocalize.</summary>
/// <param name="Pathology">as the truth file spells it</param>
/// <param name="Threshold">of the map after min-max; null under Otsu</param>
/// <param name="N">images whose IoU has a value</param>
/// <param name="Miou">their mean IoU; null without any</param>
/// <param name="MiouInterval">bootstrap over patients</param>
/// <param name="HitN">images that show the pathology and have a map</param>
/// <param name="HitRate">share of them whose highest map pixel lies in the truth</param>
/// <param name="HitInterval">bootstrap over patients</param>
public sealed record LocalizationRow(
    string Pathology, double? Threshold, int N, double? Miou, Interval? MiouInterval, int HitN, double? HitRate, Interval? HitInterval);

/// <summary>
/// CheXlocalize's evaluation: the map bilinear to the truth's size, scaled to 0 … 1 by its minimum and maximum, made a mask, compared by
/// intersection over union. An image counts only where mask and truth are both non-empty, or, on all images, where either is.
/// Pictures are large, so they are added one by one and only counts are kept.
/// </summary>
/// <remarks>Rules: github.com/rajpurkarlab/cheXlocalize, eval.py, heatmap_to_segmentation.py, tune_heatmap_threshold.py.</remarks>
public sealed class Localization
{
    private readonly IReadOnlyList<double?> _thresholds;
    private readonly SortedDictionary<string, List<Entry>> _entries = new(StringComparer.Ordinal);

    private Localization(IReadOnlyList<double?> thresholds) => _thresholds = thresholds;

    /// <summary>Thresholds that tuning tries: 0.2, 0.3, …, 0.8.</summary>
    public static IReadOnlyList<double> Candidates { get; } = [0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8];

    /// <summary>Masks by Otsu's threshold, map by map.</summary>
    public static Localization ByOtsu() => new([null]);

    /// <summary>Masks by one threshold for all: in where the scaled map is above it.</summary>
    public static Localization ByThreshold(double threshold) => new([threshold]);

    /// <summary>Masks by a threshold for each pathology; keeps the counts at every candidate.</summary>
    public static Localization ByTuning() => new([.. Candidates.Select(t => (double?)t)]);

    /// <summary>Adds a map with its truth.</summary>
    /// <param name="id">the image; the text before its first '_' is the patient</param>
    /// <param name="pathology">the pathology</param>
    /// <param name="map">[mapHeight, mapWidth]; NaN is an error that names image and pathology</param>
    /// <param name="mapWidth">columns of the map</param>
    /// <param name="mapHeight">rows of the map</param>
    /// <param name="truth">[height, width], 0 or 1</param>
    /// <param name="width">columns of the truth</param>
    /// <param name="height">rows of the truth</param>
    public void Add(string id, string pathology, ReadOnlySpan<float> map, int mapWidth, int mapHeight, ReadOnlySpan<byte> truth, int width, int height)
    {
        Finite.Require(map, $"map {id}.{pathology}");
        var resized = new float[truth.Length];
        MapResize.Bilinear(map, mapWidth, mapHeight, resized, width, height);
        var highest = 0;
        for (var i = 1; i < resized.Length; i++)
        {
            highest = resized[i] > resized[highest] ? i : highest;
        }

        long truthSize = truth.Length - truth.Count((byte)0);
        bool? hit = truthSize == 0 ? null : truth[highest] != 0;
        ScaleToUnit(resized);
        var counts = new Counts[_thresholds.Count];
        for (var t = 0; t < counts.Length; t++)
        {
            counts[t] = Count(resized, truth, _thresholds[t], width, height) with { Truth = truthSize };
        }

        Keep(pathology, new(id, counts, hit));
    }

    /// <summary>Adds a truth for which there is no map: the prediction is empty.</summary>
    public void AddWithoutMap(string id, string pathology, bool truthIsEmpty)
    {
        var counts = new Counts[_thresholds.Count];
        Array.Fill(counts, new(0, 0, truthIsEmpty ? 0 : 1));
        Keep(pathology, new(id, counts, null));
    }

    /// <summary>For each pathology the lowest candidate with the highest mean IoU over true positives.</summary>
    /// <returns>no entry where no image has mask and truth</returns>
    public IReadOnlyDictionary<string, double> Tune()
    {
        Dictionary<string, double> tuned = new(StringComparer.Ordinal);
        foreach (var (pathology, entries) in _entries)
        {
            double?[] means = [.. _thresholds.Select((_, t) => Macro.Mean(entries.Select(e => e.Counts[t].Iou(allImages: false))))];
            var best = 0;
            for (var t = 1; t < means.Length; t++)
            {
                best = means[t] > means[best] ? t : best;
            }

            if (means[best] is not null)
            {
                tuned.Add(pathology, _thresholds[best]!.Value);
            }
        }

        return tuned;
    }

    /// <summary>The rows of all pathologies.</summary>
    /// <param name="allImages">count an image where mask or truth is empty as IoU 0 (null where both are)</param>
    /// <param name="tuned">for <see cref="ByTuning"/>: the threshold of each pathology; null: tuned on these very images</param>
    /// <param name="bootstrap">null: no intervals</param>
    public IReadOnlyList<LocalizationRow> Rows(bool allImages = false, IReadOnlyDictionary<string, double>? tuned = null, BootstrapOptions? bootstrap = null)
    {
        tuned ??= _thresholds.Count > 1 ? Tune() : null;
        return [.. _entries.Select(e => Row(e.Key, e.Value, Index(e.Key, tuned), allImages, bootstrap))];
    }

    private LocalizationRow Row(string pathology, List<Entry> entries, int? index, bool allImages, BootstrapOptions? bootstrap)
    {
        var ious = entries.Select(e => (e.Id, Value: index is null ? null : e.Counts[index.Value].Iou(allImages))).Where(e => e.Value is not null).ToList();
        var hits = entries.Where(e => e.Hit is not null).Select(e => (e.Id, Value: (double?)(e.Hit!.Value ? 1 : 0))).ToList();
        return new(
            pathology,
            index is null ? null : _thresholds[index.Value],
            ious.Count,
            Macro.Mean(ious.Select(e => e.Value)),
            IntervalOf(ious, bootstrap),
            hits.Count,
            Macro.Mean(hits.Select(e => e.Value)),
            IntervalOf(hits, bootstrap));
    }

    /// <summary>Which threshold counts; null where tuning found none.</summary>
    private int? Index(string pathology, IReadOnlyDictionary<string, double>? tuned)
    {
        if (tuned is null)
        {
            return 0;
        }

        return tuned.TryGetValue(pathology, out var threshold) ? _thresholds.ToList().IndexOf(threshold) : null;
    }

    private static Interval? IntervalOf(List<(string Id, double? Value)> values, BootstrapOptions? bootstrap) => bootstrap is null
        ? null
        : Bootstrap.OfMean([.. values.Select(v => PatientOf(v.Id))], [.. values.Select(v => v.Value!.Value)], bootstrap);

    private static string PatientOf(string id) => id.Split('_')[0];

    private void Keep(string pathology, Entry entry)
    {
        if (!_entries.TryGetValue(pathology, out var entries))
        {
            _entries.Add(pathology, entries = []);
        }

        entries.Add(entry);
    }

    /// <summary>(x − min) / (max − min) in float32; a flat map becomes zeros, and so an empty mask.</summary>
    private static void ScaleToUnit(Span<float> map)
    {
        var (low, high) = (float.PositiveInfinity, 0f);
        foreach (var value in map)
        {
            low = Math.Min(low, value);
        }

        for (var i = 0; i < map.Length; i++)
        {
            map[i] -= low;
            high = Math.Max(high, map[i]);
        }

        for (var i = 0; i < map.Length && high > 0; i++)
        {
            map[i] /= high;
        }
    }

    private static Counts Count(float[] map, ReadOnlySpan<byte> truth, double? threshold, int width, int height)
    {
        long both = 0, mask = 0;
        var otsu = threshold is null ? OtsuMask.Of(map, width, height) : null;
        var limit = (float)(threshold ?? 0);
        for (var i = 0; i < map.Length; i++)
        {
            if (otsu is null ? map[i] > limit : otsu[i])
            {
                mask++;
                both += truth[i] != 0 ? 1 : 0;
            }
        }

        return new(both, mask, 0);
    }

    private sealed record Entry(string Id, Counts[] Counts, bool? Hit);

    private readonly record struct Counts(long Both, long Mask, long Truth)
    {
        public double? Iou(bool allImages)
        {
            var union = Mask + Truth - Both;
            return union == 0 || (!allImages && (Mask == 0 || Truth == 0)) ? null : Both / (double)union;
        }
    }
}

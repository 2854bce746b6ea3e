using Dwarf.Training.Data;
using Engine.Tensors;
using Engine.Tensors.Safetensors;

namespace Dwarf.Training.Metrics;

/// <summary>Runs CheXlocalize's evaluation on files: maps `IMAGE.PATHOLOGY` [h, w] in safetensors, truth in JSON (contours or run lengths).</summary>
public static class LocalizationFiles
{
    /// <summary>CheXlocalize's pathologies: a file of contours may lack those that no image shows.</summary>
    private static readonly string[] s_pathologies =
    [
        "Airspace Opacity", "Atelectasis", "Cardiomegaly", "Consolidation", "Edema", "Enlarged Cardiomediastinum", "Lung Lesion", "Pleural Effusion",
        "Pneumothorax", "Support Devices",
    ];

    /// <summary>Adds every truth and map to an evaluation.</summary>
    /// <param name="into">by Otsu, threshold or tuning</param>
    /// <param name="mapsPath">maps; a pathology without any map is left out, an image without its map counts as an empty prediction</param>
    /// <param name="truthPath">truth; an image that it lacks shows nothing</param>
    /// <exception cref="DwarfException">not there (missing input); names that do not fit together, shapes, NaN (content)</exception>
    public static void Add(Localization into, string mapsPath, string truthPath)
    {
        using var maps = SafetensorsFile.Open(mapsPath);
        var truths = CheXlocalizeTruth.Load(truthPath);
        var names = maps.Entries.ToDictionary(entry => entry.Name, entry => Split(entry, mapsPath), StringComparer.Ordinal);
        var mapped = names.Values.Select(name => name.Pathology).ToHashSet(StringComparer.Ordinal);
        RequireKnown(mapped, truths, mapsPath, truthPath);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var truth in truths.Where(truth => mapped.Contains(truth.Pathology)).OrderBy(truth => truth.Id, StringComparer.Ordinal))
        {
            var name = $"{truth.Id}.{truth.Pathology}";
            var mask = truth.Mask();
            if (!maps.Contains(name))
            {
                into.AddWithoutMap(truth.Id, truth.Pathology, truthIsEmpty: !mask.Contains((byte)1));
                continue;
            }

            seen.Add(name);
            var map = maps.Read(name);
            into.Add(truth.Id, truth.Pathology, MapFiles.Floats(map), (int)map.Shape[1], (int)map.Shape[0], mask, truth.Width, truth.Height);
        }

        foreach (var (name, (id, pathology)) in names.Where(name => !seen.Contains(name.Key)).OrderBy(name => name.Key, StringComparer.Ordinal))
        {
            var map = maps.Read(name);
            var (height, width) = ((int)map.Shape[0], (int)map.Shape[1]);
            into.Add(id, pathology, MapFiles.Floats(map), width, height, new byte[width * height], width, height);
        }
    }

    private static (string Id, string Pathology) Split(TensorEntry entry, string path)
    {
        var dot = entry.Name.LastIndexOf('.');
        var name = SafetensorsFile.Printable(entry.Name);
        if (dot <= 0 || dot == entry.Name.Length - 1)
        {
            throw new DwarfException(ErrorKind.Content, $"{path}: tensor '{name}': expected a name 'IMAGE.PATHOLOGY'");
        }

        return entry.Shape.Rank == 2 && entry.Shape.Count > 0
            ? (entry.Name[..dot], entry.Name[(dot + 1)..])
            : throw new DwarfException(ErrorKind.Content, $"{path}: tensor '{name}': expected [h,w], found {entry.Shape}");
    }

    /// <summary>A map of a pathology that nobody knows would count for nothing, and most likely is a typing error.</summary>
    private static void RequireKnown(HashSet<string> mapped, IReadOnlyList<TruthEntry> truths, string mapsPath, string truthPath)
    {
        string[] known = [.. truths.Select(truth => truth.Pathology).Union(s_pathologies)];
        var stranger = mapped.Except(known).Order(StringComparer.Ordinal).FirstOrDefault();
        if (stranger is not null)
        {
            throw new DwarfException(
                ErrorKind.Content,
                $"{mapsPath}: the pathology '{SafetensorsFile.Printable(stranger)}' is not in {truthPath}{Nearest.Hint(stranger, known)}");
        }
    }
}

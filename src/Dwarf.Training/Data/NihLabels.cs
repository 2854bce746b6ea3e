using Engine.Tensors;

namespace Dwarf.Training.Data;

/// <summary>A row of the labels' CSV.</summary>
/// <param name="FileName">`Image Index`</param>
/// <param name="PatientId">`Patient ID`</param>
/// <param name="Split">`Split`: train, val or test</param>
/// <param name="Labels">1 yes, 0 no</param>
/// <param name="Place">line of the file, for messages</param>
public sealed record LabelRow(string FileName, string PatientId, Split Split, sbyte[] Labels, string Place);

/// <summary>
/// Labels of NIH ChestX-ray14 (or of any other set) as one CSV: `Image Index,Patient ID,Split` and a column of 0 and 1 per label.
/// </summary>
/// <param name="Names">the labels, with spaces where NIH writes underscores</param>
/// <param name="Rows">the pictures</param>
public sealed record NihLabels(IReadOnlyList<string> Names, IReadOnlyList<LabelRow> Rows)
{
    private static readonly Dictionary<string, Split> Splits = new(StringComparer.Ordinal)
    {
        ["train"] = Split.Train,
        ["val"] = Split.Validation,
        ["test"] = Split.Test,
    };

    /// <summary>Reads a file.</summary>
    /// <param name="path">the CSV</param>
    /// <param name="faults">where faults go; pictures named twice or unsafely are left out, other rows stay. By default the first one is
    /// an error</param>
    /// <exception cref="DwarfException">not there (missing input), or not such a table (content)</exception>
    public static NihLabels Load(string path, DataFaults? faults = null)
    {
        faults ??= DataFaults.StopAtFirst();
        CsvTable table = CsvTable.Load(path, faults);
        int image = table.Column("Image Index");
        int patient = table.Column("Patient ID");
        int split = table.Column("Split");
        int[] labels = [.. Enumerable.Range(0, table.Header.Count).Except([image, patient, split])];
        var rows = new List<LabelRow>();
        var patients = new Dictionary<string, (Split Split, string Place)>(StringComparer.Ordinal);
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        for (int i = 0; i < table.Rows.Count; i++)
        {
            string[] cells = table.Rows[i];
            string place = table.Place(i);
            string name = cells[image];
            if (SafePath.Problem(name) is string problem)
            {
                faults.Report("unsafe-name", path, table.Place(i, image), problem);
                continue;
            }

            if (!names.TryAdd(name, place))
            {
                faults.Report("duplicate-image", path, table.Place(i, image), $"'{name}' stands already on {names[name]}");
                continue;
            }

            if (!Splits.TryGetValue(cells[split], out Split part))
            {
                faults.Report("bad-split", path, table.Place(i, split), $"'{name}': expected train, val or test, found '{cells[split]}'");
            }

            if (cells[patient].Length == 0)
            {
                faults.Report("missing-patient", path, table.Place(i, patient), $"'{name}': expected a patient, found nothing");
            }
            else if (!patients.TryGetValue(cells[patient], out var first))
            {
                patients.Add(cells[patient], (part, place));
            }
            else if (first.Split != part)
            {
                faults.Report(
                    "patient-in-two-splits",
                    path,
                    table.Place(i, split),
                    $"patient {cells[patient]} is in {part} with '{name}', but in {first.Split} on {first.Place}");
            }

            rows.Add(new LabelRow(name, cells[patient], part, ReadLabels(table, i, labels, name, faults), place));
        }

        return new NihLabels([.. labels.Select(column => NameOf(table.Header[column]))], rows);
    }

    /// <summary>NIH's spelling of a label with the underscores turned into the spaces that findings have.</summary>
    public static string NameOf(string label) => label.Replace('_', ' ');

    private static sbyte[] ReadLabels(CsvTable table, int row, int[] columns, string name, DataFaults faults)
    {
        var values = new sbyte[columns.Length];
        for (int i = 0; i < columns.Length; i++)
        {
            string cell = table.Rows[row][columns[i]];
            if (cell is not ("0" or "1"))
            {
                faults.Report("bad-label", table.File, table.Place(row, columns[i]), $"'{name}': expected 0 or 1, found '{cell}'");
            }

            values[i] = (sbyte)(cell == "1" ? 1 : 0);
        }

        return values;
    }
}

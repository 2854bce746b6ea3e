using System.Globalization;
using Dwarf.Training.Data;
using Engine.Tensors;

namespace Dwarf.Training.Metrics;

/// <summary>Reads scores and labels from two CSV files with the header `file_name,FINDING,…`, joined by file name and finding.</summary>
public static class ScoreFiles
{
    private const string Key = "file_name";

    /// <summary>Reads both files; rows and columns may stand in any order, but each must be in both.</summary>
    /// <param name="scoresPath">finite numbers</param>
    /// <param name="labelsPath">0 or 1</param>
    /// <returns>in the scores file's order; the patient is the file name up to its first '_'</returns>
    /// <exception cref="DwarfException">not there (missing input); headers, rows or cells that do not fit (content): file, line, expected, found</exception>
    public static ScoreTable Load(string scoresPath, string labelsPath)
    {
        var (scores, labels) = (CsvTable.Load(scoresPath), CsvTable.Load(labelsPath));
        string[] findings = [.. Findings(scores)];
        RequireSameFindings(scores, findings, labels, [.. Findings(labels)]);
        var (scoreRows, labelRows) = (RowsByName(scores), RowsByName(labels));
        RequireSameRows(scores, scoreRows, labels, labelRows);
        RequireSameRows(labels, labelRows, scores, scoreRows);

        string[] images = [.. scores.Rows.Select(row => row[scores.Column(Key)])];
        return new(
            images,
            [.. images.Select(image => image.Split('_')[0])],
            findings,
            [.. findings.Select(finding => Column(scores, finding, images, scoreRows, Score))],
            [.. findings.Select(finding => Column(labels, finding, images, labelRows, Label))]);
    }

    private static IEnumerable<string> Findings(CsvTable table)
    {
        table.Column(Key);
        var findings = table.Header.Where(name => name != Key).ToList();
        return findings.Count > 0 ? findings : throw Wrong(table, "line 1", $"expected a column for each finding beside '{Key}', found none");
    }

    private static void RequireSameFindings(CsvTable scores, string[] expected, CsvTable labels, string[] found)
    {
        foreach (var (table, other, missing) in new[]
        {
            (labels, scores, expected.Except(found).ToArray()), (scores, labels, found.Except(expected).ToArray()),
        })
        {
            if (missing.Length > 0)
            {
                var hint = Nearest.Hint(missing[0], [.. table.Header.Where(name => name != Key)]);
                throw Wrong(table, "line 1", $"expected the findings of {other.File}, found no column '{string.Join("', '", missing)}'{hint}");
            }
        }
    }

    private static Dictionary<string, int> RowsByName(CsvTable table)
    {
        if (table.Rows.Count == 0)
        {
            throw Wrong(table, "line 1", "expected at least one row below the header, found none");
        }

        Dictionary<string, int> rows = new(StringComparer.Ordinal);
        var key = table.Column(Key);
        for (var row = 0; row < table.Rows.Count; row++)
        {
            if (!rows.TryAdd(table.Rows[row][key], row))
            {
                throw Wrong(table, table.Place(row), $"'{table.Rows[row][key]}' stands there twice, first on {table.Place(rows[table.Rows[row][key]])}");
            }
        }

        return rows;
    }

    private static void RequireSameRows(CsvTable table, Dictionary<string, int> rows, CsvTable other, Dictionary<string, int> otherRows)
    {
        var missing = rows.Where(row => !otherRows.ContainsKey(row.Key)).OrderBy(row => row.Value).ToList();
        if (missing.Count > 0)
        {
            var more = missing.Count == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $", and {missing.Count - 1} more");
            throw new DwarfException(
                ErrorKind.Content, $"{other.File}: expected a row for '{missing[0].Key}' ({table.File}, {table.Place(missing[0].Value)}){more}, found none");
        }
    }

    private static T[] Column<T>(CsvTable table, string finding, string[] images, Dictionary<string, int> rows, Func<CsvTable, int, int, T> read)
    {
        var column = table.Column(finding);
        return [.. images.Select(image => read(table, rows[image], column))];
    }

    private static double Score(CsvTable table, int row, int column)
    {
        var text = table.Rows[row][column];
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value)
            ? value
            : throw Wrong(table, table.Place(row, column), $"expected a finite number, found '{text}'");
    }

    private static bool Label(CsvTable table, int row, int column) => table.Rows[row][column].Trim() switch
    {
        "1" or "1.0" => true,
        "0" or "0.0" => false,
        var text => throw Wrong(table, table.Place(row, column), $"expected 0 or 1, found '{text}'"),
    };

    private static DwarfException Wrong(CsvTable table, string place, string what) => new(ErrorKind.Content, $"{table.File}: {place}: {what}");
}

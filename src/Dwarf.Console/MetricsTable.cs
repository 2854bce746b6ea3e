using System.Globalization;

namespace Dwarf.Cli;

/// <summary>Numbers in columns for people.</summary>
internal static class MetricsTable
{
    /// <summary>Writes a table: the first column to the left, numbers to the right, a missing value as a dash.</summary>
    public static void Write(TextWriter output, string[] header, IEnumerable<object?[]> rows)
    {
        List<string[]> lines = [header, .. rows.Select(row => row.Select(Text).ToArray())];
        int[] widths = [.. header.Select((_, column) => lines.Max(line => line[column].Length))];
        foreach (string[] line in lines)
        {
            output.WriteLine(string.Join("  ", line.Select((cell, column) => column == 0 ? cell.PadRight(widths[0]) : cell.PadLeft(widths[column]))));
        }
    }

    private static string Text(object? cell) => cell switch
    {
        null => "-",
        double number => number.ToString("0.0000", CultureInfo.InvariantCulture),
        _ => Convert.ToString(cell, CultureInfo.InvariantCulture)!,
    };
}

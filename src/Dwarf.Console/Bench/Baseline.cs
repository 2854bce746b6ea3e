using System.Text.Json;
using Engine.Tensors;

namespace Dwarf.Cli.Bench;

/// <summary>Compares a run with an earlier one: a case is slower or faster only where the two quartile ranges do not touch.</summary>
internal static class Baseline
{
    public static IReadOnlyList<Row> Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<List<Row>>(File.ReadAllText(path), JsonStyle.Options) ?? [];
        }
        catch (JsonException error)
        {
            throw new DwarfException(ErrorKind.Content, $"{path}: expected the array that bench --json prints: {error.Message.ReplaceLineEndings(" ")}", error);
        }
    }

    /// <summary>Says of each case SAME, FAST, SLOW or AMBIGUOUS.</summary>
    /// <returns>1 if one is slower; 2 if none is but one is ambiguous and strict is asked; else 0</returns>
    public static int Compare(IReadOnlyList<Row> now, IReadOnlyList<Row> old, TextWriter output, bool strict)
    {
        const double Margin = 0.03;
        var (slower, unclear) = (false, false);
        foreach (var row in now)
        {
            if (old.FirstOrDefault(o => o.Name == row.Name && o.Dtype == row.Dtype && o.Device == row.Device) is not { } before)
            {
                continue;
            }

            double ratio = row.MsMedian / before.MsMedian;
            bool apart = row.MsLow > before.MsHigh || row.MsHigh < before.MsLow;
            string verdict = Math.Abs(ratio - 1) <= Margin ? "SAME" : !apart ? "AMBIGUOUS" : ratio > 1 ? "SLOW" : "FAST";
            slower |= verdict == "SLOW";
            unclear |= verdict == "AMBIGUOUS";
            output.WriteLine(FormattableString.Invariant($"{row.Name,-36} {ratio:F2} of the baseline's time  {verdict}"));
        }

        return slower ? 1 : unclear && strict ? 2 : 0;
    }
}

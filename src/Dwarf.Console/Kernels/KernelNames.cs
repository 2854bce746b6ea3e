using System.Text.RegularExpressions;

namespace Dwarf.Cli.Kernels;

/// <summary>The kernels that a file declares in plain words.</summary>
internal static partial class KernelNames
{
    /// <summary>Finds them.</summary>
    /// <param name="text">the file without comments</param>
    /// <returns>names, and whether each is a template; what a macro makes is not found</returns>
    public static List<(string Name, bool Template)> In(string text)
    {
        var found = new List<(string, bool)>();
        for (int at = -1; (at = text.IndexOf("__global__", at + 1, StringComparison.Ordinal)) >= 0;)
        {
            if (NameAfter(text, at) is { } name)
            {
                found.Add((name, TemplateBefore().IsMatch(text[..at])));
            }
        }
        return found;
    }

    // The word before the parameters; what stands before it may have brackets of its own.
    private static string? NameAfter(string text, int at)
    {
        while (WordBeforeBracket().Match(text, at) is { Success: true } word)
        {
            string name = word.Groups[1].Value;
            if (name is not ("__launch_bounds__" or "__attribute__" or "__align__" or "alignas" or "decltype" or "__cluster_dims__"))
            {
                return text.AsSpan(at, word.Index - at).IndexOfAny(';', '{', '}') < 0 ? name : null;
            }
            int depth = 0;
            for (at = word.Index + word.Length - 1; at < text.Length; at++)
            {
                depth += text[at] == '(' ? 1 : text[at] == ')' ? -1 : 0;
                if (depth == 0)
                {
                    break;
                }
            }
        }
        return null;
    }

    [GeneratedRegex(@"(\w+)\s*\(")]
    private static partial Regex WordBeforeBracket();

    [GeneratedRegex(@"\btemplate\s*<[^;{}]*>\s*(?:(?:static|inline|extern|__launch_bounds__\s*\([^;{}]*\))\s*)*$")]
    private static partial Regex TemplateBefore();
}

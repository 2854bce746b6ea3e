using System.Runtime.CompilerServices;

namespace Dwarf.Tests.Metrics;

/// <summary>Finds the committed golden files from the source tree, so that nothing has to be copied beside the tests.</summary>
internal static class Golden
{
    public static string Path(string relative, [CallerFilePath] string here = "") =>
        System.IO.Path.GetFullPath(System.IO.Path.Combine(System.IO.Path.GetDirectoryName(here)!, "..", "..", "golden", relative));
}

using System.Text.RegularExpressions;
using Xunit;

namespace House.Tests;

public sealed partial class SourceTests
{
    private static readonly string[] Chain = ["Engine.Tensors", "Engine.Kernels", "Engine.Autograd", "Dwarf.Model", "Dwarf.Training", "Dwarf.Console"];

    [Fact]
    public void No_source_file_has_more_than_400_lines()
    {
        var files = Repository.Files("src", "*.cs").Concat(Repository.Files("tests", "*.cs")).ToList();
        foreach (string folder in (string[])["kernels", "emulator", "tests"])
        {
            foreach (string pattern in (string[])["*.cu", "*.cuh", "*.cpp", "*.h"])
            {
                files.AddRange(Repository.Files(folder, pattern));
            }
        }

        Assert.True(files.Count(f => f.EndsWith(".cs", StringComparison.Ordinal)) > 50, $"only {files.Count} source files were found");
        Assert.True(files.Count(f => f.EndsWith(".cu", StringComparison.Ordinal)) > 10, "hardly any kernel was found");
        var tooLong = files.Select(f => (File: Repository.Relative(f), Lines: File.ReadLines(f).Count())).Where(f => f.Lines > 400);
        Assert.Empty(tooLong);
    }

    [Fact]
    public void Each_project_references_only_the_one_to_its_left()
    {
        for (int i = 0; i < Chain.Length; i++)
        {
            string project = File.ReadAllText(Path.Combine(Repository.Root, "src", Chain[i], Chain[i] + ".csproj"));
            var references = ProjectReference().Matches(project).Select(m => m.Groups[1].Value).ToList();
            Assert.Equal(i == 0 ? [] : [Chain[i - 1]], references);
        }
    }

    [Fact]
    public void Libraries_do_not_touch_the_console_the_clock_or_shared_randomness()
    {
        var faults = new List<string>();
        foreach (string file in Repository.Files("src", "*.cs"))
        {
            if (Repository.Relative(file).StartsWith("src/Dwarf.Console/", StringComparison.Ordinal))
            {
                continue;
            }

            string text = File.ReadAllText(file);
            faults.AddRange(Banned().Matches(text).Select(m => $"{Repository.Relative(file)}: {m.Value}"));
        }

        Assert.Empty(faults);
    }

    [Fact]
    public void Every_package_version_is_exact_and_stands_in_one_place()
    {
        string central = File.ReadAllText(Path.Combine(Repository.Root, "Directory.Packages.props"));
        var versions = PackageVersion().Matches(central).Select(m => m.Groups[1].Value).ToList();
        Assert.NotEmpty(versions);
        Assert.All(versions, v => Assert.Matches("^[0-9]+(\\.[0-9]+)+$", v));
        foreach (string project in Repository.Files("src", "*.csproj").Concat(Repository.Files("tests", "*.csproj")))
        {
            Assert.DoesNotMatch("<PackageReference[^>]*Version=", File.ReadAllText(project));
        }
    }

    [GeneratedRegex("ProjectReference Include=\"[^\"]*/([A-Za-z.]+)\\.csproj\"")]
    private static partial Regex ProjectReference();

    [GeneratedRegex("<PackageVersion Include=\"[^\"]+\" Version=\"([^\"]+)\"")]
    private static partial Regex PackageVersion();

    [GeneratedRegex(@"\bConsole\.(Write|Error|Out|Read)|\bRandom\.Shared\b|\bDateTime(Offset)?\.(Utc)?Now\b|\bEnvironment\.Exit\b|\bnew Random\(")]
    private static partial Regex Banned();
}

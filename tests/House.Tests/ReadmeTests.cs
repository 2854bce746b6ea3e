using System.Text.RegularExpressions;
using Dwarf.Cli.Verbs;
using Xunit;

namespace House.Tests;

public sealed partial class ReadmeTests
{
    private static readonly string Readme = File.ReadAllText(Path.Combine(Repository.Root, "README.md"));

    [Fact]
    public void It_opens_with_the_main_job_and_the_tests()
    {
        string[] commands = [.. Readme.Split('\n').Where(l => l.StartsWith("    dotnet ", StringComparison.Ordinal)).Select(l => l.Trim())];
        Assert.Equal("dotnet run -c Release --project src/Dwarf.Console -- train configs/quickstart.yaml", commands[0]);
        Assert.Equal("dotnet test", commands[1]);
    }

    [Fact]
    public void It_names_every_verb_that_is_built_and_no_other()
    {
        string table = Readme[Readme.IndexOf("## The console", StringComparison.Ordinal)..Readme.IndexOf("## Data and licences", StringComparison.Ordinal)];
        var named = Verb().Matches(table).Select(m => m.Groups[1].Value).ToHashSet();
        Assert.Equal(All.List.Select(v => v.Name).Order(), named.Order());
    }

    [Fact]
    public void Its_links_and_pictures_lead_somewhere()
    {
        var targets = Link().Matches(Readme).Select(m => m.Groups[1].Value).Where(t => !t.StartsWith("http", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(targets);
        Assert.All(targets, t => Assert.True(File.Exists(Path.Combine(Repository.Root, t)), $"README.md links {t}, which is not there"));
    }

    /// <summary>Verbs stand in the first column of the table, in backticks, with their arguments in capitals or as options.</summary>
    [GeneratedRegex("(?<=^\\|[^|]*)`([a-z-]+(?: (?:check|phantom|masks|list|run|build|explain|inspect|convert|export))?)[^`|]*`", RegexOptions.Multiline)]
    private static partial Regex Verb();

    [GeneratedRegex(@"\]\(([^)]+)\)")]
    private static partial Regex Link();
}

using System.Text;
using Dwarf.Training.Config;
using Xunit;

namespace Dwarf.Tests.Config;

/// <summary>A configuration file that lasts as long as a test.</summary>
internal sealed class ConfigFile : IDisposable
{
    /// <summary>The least that loads.</summary>
    public const string Good = """
        findings: [Atelectasis, Effusion]
        data: {images: images, labels: labels.csv, annotations: a.json}
        model: {text: {vocab: vocab.txt}}
        train: {epochs: 1}

        """;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("dwarf-config-");

    public ConfigFile(string text) => Add("a.yaml", text);

    public string Folder => _folder.FullName;

    public string Path => System.IO.Path.Combine(Folder, "a.yaml");

    public string Add(string name, string text)
    {
        string path = System.IO.Path.Combine(Folder, name);
        File.WriteAllText(path, text, new UTF8Encoding(false));
        return path;
    }

    public RunConfig Load(params string[] sets) => ConfigLoader.Load(Path, [.. sets.Select(Override.Parse)]);

    /// <summary>Its faults, one a line, without the folder.</summary>
    public string Faults(params string[] sets) =>
        Assert.Throws<ConfigException>(() => Load(sets)).Message.Replace(Folder + System.IO.Path.DirectorySeparatorChar, "", StringComparison.Ordinal);

    public static string FaultsOf(string text, params string[] sets)
    {
        using var file = new ConfigFile(text);
        return file.Faults(sets);
    }

    public void Dispose() => _folder.Delete(recursive: true);
}

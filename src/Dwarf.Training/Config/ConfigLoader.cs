using System.Text;
using Engine.Tensors;

namespace Dwarf.Training.Config;

/// <summary>A YAML file, its parents and the command line's overrides to a checked <see cref="RunConfig"/>.</summary>
public static class ConfigLoader
{
    private const int MaxParents = 8;

    /// <summary>Loads a configuration.</summary>
    /// <param name="path">the file</param>
    /// <param name="overrides">from the command line, the last wins</param>
    /// <exception cref="ConfigException">every fault that was found (configuration)</exception>
    /// <exception cref="DwarfException">the file is not there (missing input)</exception>
    public static RunConfig Load(string path, IReadOnlyList<Override>? overrides = null)
    {
        var faults = new FaultList();
        var folders = new Dictionary<string, string>();
        ConfigMap? root = Read(path, faults, folders, []);
        faults.ThrowIfAny();
        foreach (Override each in overrides ?? [])
        {
            each.Apply(root!, faults);
        }
        var origins = new Dictionary<string, Origin>();
        string home = folders[path];
        var binder = new Binder(typeof(RunConfig), faults, origins, origin => folders.GetValueOrDefault(origin.Source, home));
        var config = (RunConfig)binder.Section(typeof(RunConfig), "", root, Origin.StartOf(path));
        config = config with { Origins = origins, Source = path };
        CrossChecks.Run(config, faults);
        faults.ThrowIfAny();
        return config;
    }

    private static ConfigMap? Read(string path, FaultList faults, Dictionary<string, string> folders, List<string> chain)
    {
        string full = Path.GetFullPath(path);
        folders[path] = Path.GetDirectoryName(full)!;
        ConfigNode? node = YamlReader.ReadFile(Text(path, faults), path, faults);
        if (node is not ConfigMap map)
        {
            if (node is not null)
            {
                faults.Add(node.Origin, "", $"a configuration is a map of keys, found {node.Describe()}");
            }
            return null;
        }
        if (!map.Entries.Remove("extends", out var extends))
        {
            return map;
        }
        chain.Add(full);
        if (extends.Value is not ConfigScalar { IsNull: false, Text: var name })
        {
            faults.Add(extends.Value.Origin, "extends", $"expected one file name, found {extends.Value.Describe()}");
            return map;
        }
        string parent = Path.Combine(Path.GetDirectoryName(path) ?? "", name);
        string? refusal = chain.Contains(Path.GetFullPath(parent)) ? $"{parent} leads back to itself"
            : chain.Count > MaxParents ? $"more than {MaxParents} files extend each other"
            : !File.Exists(parent) ? $"{parent} is not there" : null;
        if (refusal is not null)
        {
            faults.Add(extends.Value.Origin, "extends", refusal);
            return map;
        }
        return Read(parent, faults, folders, chain)?.Overlay(map) ?? map;
    }

    private static string Text(string path, FaultList faults)
    {
        if (!File.Exists(path))
        {
            throw new DwarfException(ErrorKind.MissingInput, Directory.Exists(path)
                ? $"{path}: a configuration is a file, found a folder"
                : $"{path}: the configuration is not there");
        }
        long bytes = new FileInfo(path).Length;
        if (bytes > YamlReader.MaxBytes)
        {
            faults.Add(Origin.StartOf(path), "", $"at most {YamlReader.MaxBytes} bytes are read, found {bytes}");
        }
        // Pipes and devices have length 0 too, and opening one may wait for ever.
        if (bytes == 0 || bytes > YamlReader.MaxBytes)
        {
            return "";
        }
        try
        {
            // The reader drops a byte order mark.
            return File.ReadAllText(path, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true));
        }
        catch (DecoderFallbackException)
        {
            faults.Add(Origin.StartOf(path), "", "not UTF-8");
            return "";
        }
    }
}

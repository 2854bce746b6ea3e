using Engine.Tensors;
using Engine.Tensors.Safetensors;

namespace Dwarf.Model.Weights;

/// <summary>What of a network goes into a file of its own.</summary>
public enum ExportPart
{
    /// <summary>The image encoder under the names of Hugging Face's ViTModel.</summary>
    Image,

    /// <summary>The text encoder under the names of Hugging Face's BertModel.</summary>
    Text,

    /// <summary>The decoder under the names of its published class.</summary>
    Decoder,

    /// <summary>All three under the names that `model run` reads, which are KAD's.</summary>
    All,
}

/// <summary>Writes parts of a network under the names that other programs load.</summary>
public static class PartExport
{
    private static readonly (ExportPart Part, string Prefix)[] s_parts =
    [
        (ExportPart.Image, $"{WeightNames.Image}."),
        (ExportPart.Text, $"{WeightNames.Text}."),
        (ExportPart.Decoder, $"{WeightNames.Decoder}."),
    ];

    /// <summary>Writes a part; weights that only the published classes have, such as a pooler, come along where the source has them.</summary>
    /// <param name="path">the safetensors file, replaced atomically</param>
    /// <param name="source">the file that the network was read from</param>
    /// <param name="stored">the network</param>
    /// <param name="part">what of it</param>
    /// <returns>names written, and names of the same part, or of the network for All, that the published class does not know</returns>
    /// <exception cref="DwarfException">the network lacks the part (content), or it cannot be written (input/output)</exception>
    public static (IReadOnlyList<string> Written, IReadOnlyList<string> LeftOut) Write(
        string path, string source, StoredNetwork stored, ExportPart part)
    {
        if (part == ExportPart.Image && stored.Image?.Kind != ImageEncoderKind.Vit)
        {
            throw new DwarfException(ErrorKind.Content,
                $"{source}: the image encoder is no ViT of Hugging Face's layout, so its ViTModel would compute something else; --part all keeps KAD's names");
        }

        if (part == ExportPart.Text && !stored.HasText)
        {
            throw new DwarfException(ErrorKind.Content, $"{source}: holds no text encoder");
        }

        if (part == ExportPart.Decoder && stored.Decoder is null)
        {
            throw new DwarfException(ErrorKind.Content, $"{source}: holds no decoder");
        }

        using var file = WeightArchive.Open(source);
        var tensors = new List<KeyValuePair<string, Tensor>>();
        var leftOut = new List<string>();
        // KAD's classes register modules twice; what else the file holds comes as it is.
        bool twice = stored.Decoder is not { Kind: DecoderKind.Medklip };
        foreach (var (name, read) in Sources(file, stored.Layout).Where(s => Belongs(s.Name, part)))
        {
            string[] names = [.. (twice && stored.Layout.Find(name) is not null ? KeyMap.Registered(name) : [name]).SelectMany(n => Names(n, part))];
            if (names.Length == 0)
            {
                leftOut.Add(name);
                continue;
            }

            var values = read();
            tensors.AddRange(names.Select(n => new KeyValuePair<string, Tensor>(n, values)));
        }

        SafetensorsWriter.Write(path, tensors, new Dictionary<string, string> { ["format"] = "pt" });
        return ([.. tensors.Select(t => t.Key)], [.. leftOut.Distinct()]);
    }

    /// <summary>The network's weights, and what else the file holds under the names of published classes.</summary>
    private static IEnumerable<(string Name, Func<Tensor> Read)> Sources(WeightArchive file, WeightLayout layout)
    {
        foreach (var entry in layout.Entries)
        {
            yield return (entry.Name, () => entry.Gather(p => p.Master));
        }

        var map = KeyMap.Of(file.Entries.Select(e => e.Name));
        foreach (var entry in file.Entries)
        {
            string name = map.Rooted(entry.Name);
            if (KeyMap.Find(layout, name) is null)
            {
                yield return (name, () => file.Read(entry.Name));
            }
        }
    }

    private static bool Belongs(string name, ExportPart part)
        => part == ExportPart.All || name.StartsWith(s_parts.Single(p => p.Part == part).Prefix, StringComparison.Ordinal);

    /// <summary>What a name becomes in the part's file; none where it has no place there.</summary>
    private static string[] Names(string name, ExportPart part) => part switch
    {
        ExportPart.Image => Below(name, $"{WeightNames.Vit}.", "embeddings.", "encoder.", "layernorm.", "pooler."),
        ExportPart.Text => Below(name, $"{WeightNames.Text}.bert_model.", "embeddings.", "encoder.", "pooler."),
        ExportPart.Decoder => Below(name, $"{WeightNames.Decoder}."),
        _ => s_parts.Any(p => name.StartsWith(p.Prefix, StringComparison.Ordinal)) ? [name] : [],
    };

    private static string[] Below(string name, string prefix, params ReadOnlySpan<string> modules)
    {
        if (!name.StartsWith(prefix, StringComparison.Ordinal))
        {
            return [];
        }

        string rest = name[prefix.Length..];
        foreach (string module in modules)
        {
            if (rest.StartsWith(module, StringComparison.Ordinal))
            {
                return [rest];
            }
        }

        return modules.Length == 0 ? [rest] : [];
    }
}

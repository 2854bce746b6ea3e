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

        using var file = WeightArchive.Open(source);
        var layout = stored.Layout;
        var others = file.Entries.Where(e => layout.Find(WeightNames.Canonical(e.Name)) is null).Select(e => e.Name).ToList();
        var tensors = new List<KeyValuePair<string, Tensor>>();
        var leftOut = new List<string>();
        foreach (string name in layout.Entries.Select(e => e.Name).Concat(others).Where(n => Belongs(n, part)))
        {
            string[] names = Names(name, part);
            if (names.Length == 0)
            {
                leftOut.Add(name);
                continue;
            }

            var values = layout.Find(name)?.Gather(p => p.Value) ?? file.Read(name);
            tensors.AddRange(names.Select(n => new KeyValuePair<string, Tensor>(n, values)));
        }

        SafetensorsWriter.Write(path, tensors, new Dictionary<string, string> { ["format"] = "pt" });
        return ([.. tensors.Select(t => t.Key)], leftOut);
    }

    private static bool Belongs(string name, ExportPart part)
        => part == ExportPart.All || name.StartsWith(s_parts.Single(p => p.Part == part).Prefix, StringComparison.Ordinal);

    /// <summary>What a weight is called in the part's file; none where it has no place there, two where PyTorch writes it twice.</summary>
    private static string[] Names(string name, ExportPart part) => part switch
    {
        ExportPart.Image => Below(name, $"{WeightNames.Vit}."),
        ExportPart.Text => Below(name, $"{WeightNames.Text}.bert_model."),
        ExportPart.Decoder => [.. WithAlias(name).SelectMany(n => Below(n, $"{WeightNames.Decoder}."))],
        _ => s_parts.Any(p => name.StartsWith(p.Prefix, StringComparison.Ordinal)) ? WithAlias(name) : [],
    };

    private static string[] WithAlias(string name) => WeightNames.Alias(name) is { } alias ? [name, alias] : [name];

    private static string[] Below(string name, string prefix) => name.StartsWith(prefix, StringComparison.Ordinal) ? [name[prefix.Length..]] : [];
}

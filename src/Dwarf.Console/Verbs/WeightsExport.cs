using System.CommandLine;
using System.Globalization;
using Dwarf.Model;
using Dwarf.Model.Onnx;
using Dwarf.Model.Weights;
using Engine.Tensors;

namespace Dwarf.Cli.Verbs;

/// <summary>`weights export`: the image path as ONNX, or a part of the network under the names that other programs load.</summary>
public sealed class WeightsExport : Verb
{
    private const string Onnx = ".onnx";
    private const string Safetensors = ".safetensors";

    private readonly Argument<string> _in = new("IN") { Description = "Weights of a whole network, such as a run's checkpoints/best.safetensors" };
    private readonly Argument<string> _out = new("OUT")
    {
        Description = "NAME.onnx: images to maps and logits for ONNX Runtime; NAME.safetensors: the --part",
    };

    private readonly Option<string?> _part = new("--part")
    {
        Description = "For .safetensors: image (Hugging Face's ViTModel), text (BertModel), decoder (KAD's names) or all (KAD's names, prefixed)",
    };

    private readonly Option<string?> _prompts = new("--prompts")
    {
        Description = "For .onnx: whether prompts see each other. alone (default for weights of a run, whose findings were trained so) or "
            + "together (default for others, as KAD asks)",
    };

    private readonly Option<string?> _size = new("--size")
    {
        Description = "Pixels of the images where the weights leave them open (a ResNet's): 1024, or height and width as 512x640",
        HelpName = "PIXELS",
    };

    private readonly Option<string[]> _attributes = CommonOptions.Attributes();
    private readonly Option<bool> _force = new("--force") { Description = "Replace OUT" };

    /// <inheritdoc/>
    public override string Name => "weights export";

    /// <inheritdoc/>
    public override string Summary => "Writes a network as ONNX, or a part of it under Hugging Face's or KAD's names";

    /// <inheritdoc/>
    public override IReadOnlyList<Symbol> Parameters => [_in, _out, _part, _prompts, _size, _attributes, _force];

    /// <inheritdoc/>
    public override int Run(VerbContext context)
    {
        string source = context.Get(_in), path = context.Get(_out);
        bool onnx = IsOnnx(path);
        var part = Choice<ExportPart>("--part", context.Get(_part));
        var prompts = Choice<Prompts>("--prompts", context.Get(_prompts));
        if (onnx ? part is not null : prompts is not null)
        {
            throw new DwarfException(ErrorKind.Usage, onnx ? $"--part goes with {Safetensors}, not with {path}" : $"--prompts goes with {Onnx}, not with {path}");
        }

        if (!onnx && part is null)
        {
            throw new DwarfException(ErrorKind.Usage, $"--part: expected one of {Words<ExportPart>()} for {path}");
        }

        var heads = CommonOptions.Heads("weights export", CommonOptions.Pairs("--attr", context.Get(_attributes)));
        if (Directory.Exists(path) || (File.Exists(path) && !context.Get(_force)))
        {
            throw new DwarfException(ErrorKind.OutputExists, $"{path}: exists already; give another OUT or --force");
        }

        using var stored = StoredNetwork.Open(source, heads, Size(context.Get(_size)));
        if (onnx)
        {
            WriteOnnx(context, path, stored, prompts ?? (stored.Info is null ? Prompts.Together : Prompts.Alone));
        }
        else
        {
            WritePart(context, path, source, stored, part!.Value);
        }

        return 0;
    }

    private static void WriteOnnx(VerbContext context, string path, StoredNetwork stored, Prompts prompts)
    {
        var summary = OnnxExport.Write(path, stored, prompts);
        string asked = prompts.ToString().ToLowerInvariant();
        if (context.Json)
        {
            context.WriteJson(new { File = path, Prompts = asked, summary.Inputs, summary.Outputs });
        }
        else
        {
            Ports(context, "input", summary.Inputs);
            Ports(context, "output", summary.Outputs);
        }

        context.Error.WriteLine($"weights export: {path}: {new FileInfo(path).Length} bytes, prompts asked {asked}");
    }

    private static void Ports(VerbContext context, string kind, IReadOnlyList<OnnxPort> ports)
    {
        foreach (var port in ports)
        {
            context.Out.WriteLine($"{kind,-7}{port.Name,-14}{port.Sizes,-14}{port.About}");
        }
    }

    private static void WritePart(VerbContext context, string path, string source, StoredNetwork stored, ExportPart part)
    {
        var (written, leftOut) = PartExport.Write(path, source, stored, part);
        if (context.Json)
        {
            context.WriteJson(new { File = path, Tensors = written, LeftOut = leftOut });
        }
        else
        {
            foreach (string name in written)
            {
                context.Out.WriteLine(name);
            }
        }

        string without = leftOut.Count == 0 ? "" : "; left out: " + string.Join(", ", leftOut);
        context.Error.WriteLine($"weights export: {path}: {written.Count} tensors{without}");
    }

    private static bool IsOnnx(string path) => Path.GetExtension(path).ToLowerInvariant() switch
    {
        Onnx => true,
        Safetensors => false,
        var other => throw new DwarfException(ErrorKind.Usage, $"{path}: expected OUT to end in {Onnx} or {Safetensors}, found '{other}'"),
    };

    private static (int Height, int Width)? Size(string? text)
    {
        if (text is null)
        {
            return null;
        }

        string[] parts = text.Split('x');
        int[] sizes = [.. parts.Select(p => int.TryParse(p, NumberStyles.None, CultureInfo.InvariantCulture, out int n) && n is > 0 and <= 1 << 14 ? n : 0)];
        return sizes.Length is 1 or 2 && !sizes.Contains(0)
            ? (sizes[0], sizes[^1])
            : throw new DwarfException(ErrorKind.Usage, $"--size: expected pixels of 1 to 16384 such as 512 or 512x640, found '{text}'");
    }

    private static T? Choice<T>(string option, string? text)
        where T : struct, Enum
    {
        if (text is null)
        {
            return null;
        }

        string[] known = [.. Enum.GetNames<T>().Select(n => n.ToLowerInvariant())];
        int at = Array.IndexOf(known, text);
        return at >= 0
            ? Enum.GetValues<T>()[at]
            : throw new DwarfException(ErrorKind.Usage, $"{option}: expected one of {Words<T>()}, found '{text}'{Nearest.Hint(text, known)}");
    }

    private static string Words<T>()
        where T : struct, Enum
        => string.Join(", ", Enum.GetNames<T>().Select(n => n.ToLowerInvariant()));
}

using System.CommandLine;
using Dwarf.Training.Imaging;
using Dwarf.Training.Runs;
using Engine.Kernels;
using Engine.Tensors;

namespace Dwarf.Cli.Verbs;

/// <summary>`predict --weights FILE IMAGE…`: probabilities, and with --out maps and overlays.</summary>
public sealed class Predict : Verb
{
    private readonly Argument<string[]> _images = new("IMAGE") { Description = "PNG, JPEG or DICOM files", Arity = ArgumentArity.OneOrMore };
    private readonly Option<string> _weights = CommonOptions.File("--weights", "safetensors that a run wrote, such as checkpoints/best.safetensors");
    private readonly Option<string?> _out = new("--out") { Description = "Folder for raw maps, refined maps and overlays; must not exist or be empty" };
    private readonly Option<string> _device = CommonOptions.Device();
    private readonly Option<int> _threads = CommonOptions.Threads();

    /// <inheritdoc/>
    public override string Name => "predict";

    /// <inheritdoc/>
    public override string Summary => "Probabilities and maps of images";

    /// <inheritdoc/>
    public override IReadOnlyList<Symbol> Parameters => [_images, _weights, _out, _device, _threads];

    /// <inheritdoc/>
    public override int Run(VerbContext context)
    {
        string[] paths = context.Get(_images);
        string? folder = context.Get(_out);
        OutFolder.NoFile(folder);
        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
        {
            throw new DwarfException(ErrorKind.OutputExists, $"{folder}: exists already and is not empty; give another --out");
        }

        using Device device = BackEnd.Open(context.Get(_device), context.Get(_threads));
        using var predictor = new Predictor(context.Get(_weights), device);
        var images = paths.Select(p => predictor.Fit(ImageReader.Load(p))).ToList();
        var answers = predictor.Ask(images);
        if (folder is not null)
        {
            OutFolder.Create(folder);
        }

        context.Error.WriteLine(predictor.Preprocessing);
        string[] stems = Stems(paths);
        var results = new List<object>();
        for (int i = 0; i < paths.Length; i++)
        {
            var probabilities = predictor.Findings.Select((name, f) => (name, answers[f][i].Probability)).ToDictionary();
            var files = folder is null
                ? null
                : predictor.Findings.Select((name, f) => (name, Write(folder, stems[i], name, images[i], answers[f][i]))).ToDictionary();
            results.Add(new { Image = paths[i], Probabilities = probabilities, Files = files ?? [] });
            if (!context.Json)
            {
                context.Out.WriteLine($"{paths[i]}: " + string.Join(", ", probabilities.Select(p => FormattableString.Invariant($"{p.Key} {p.Value:F3}"))));
            }
        }

        if (context.Json)
        {
            context.WriteJson(results);
        }

        return 0;
    }

    /// <summary>File names without extension; all numbered where two images share one.</summary>
    private static string[] Stems(string[] paths)
    {
        string[] stems = [.. paths.Select(p => Pictures.FileName(Path.GetFileNameWithoutExtension(p)))];
        return stems.Distinct(StringComparer.OrdinalIgnoreCase).Count() == stems.Length
            ? stems
            : [.. stems.Select((stem, i) => FormattableString.Invariant($"{i + 1}-{stem}"))];
    }

    private static Dictionary<string, string> Write(string folder, string stem, string finding, GrayImage image, Answer answer)
    {
        string prefix = Path.Combine(folder, $"{stem}-{Pictures.FileName(finding)}");
        var files = new Dictionary<string, string> { ["raw"] = prefix + "-raw.png", ["overlay"] = prefix + "-overlay.png" };
        Map(files["raw"], image, answer.RawMap);
        if (answer.RefinedMap is not null)
        {
            files["refined"] = prefix + "-refined.png";
            Map(files["refined"], image, answer.RefinedMap);
        }

        AtomicFile.Write(files["overlay"], s => s.Write(Pictures.Png(image.Width, image.Height, image.Pixels, null, answer)));
        return files;
    }

    private static void Map(string path, GrayImage image, float[] map)
    {
        byte[] bytes = Array.ConvertAll(map, v => (byte)Math.Round(Math.Clamp(v, 0, 1) * 255));
        AtomicFile.Write(path, s => s.Write(PngWriter.Encode(image.Width, image.Height, 1, bytes)));
    }
}

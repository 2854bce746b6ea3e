using System.Text.RegularExpressions;
using Dwarf.Model;

namespace Dwarf.Training.Config;

/// <summary>What one key asks of another.</summary>
internal static partial class CrossChecks
{
    public static void Run(RunConfig config, FaultList faults)
    {
        var check = new Checker(config, faults);
        check.That(Device().IsMatch(config.Device), "device", $"expected cpu, cuda, cuda:N or emulated, found '{config.Device}'");
        Findings(config, check);
        Data(config, check);
        Model(config, check);
        check.That(config.Pretrain.MinLr <= config.Pretrain.Lr, "pretrain.min_lr", $"{config.Pretrain.MinLr} is above pretrain.lr {config.Pretrain.Lr}");
        check.That(config.Train.MinLr <= config.Train.Lr, "train.min_lr", $"{config.Train.MinLr} is above train.lr {config.Train.Lr}");
        Accumulate(config, check);
        check.That(config.Method == Method.Pretrained || config.Train.Epochs > 0, "train.epochs", $"method '{Scalars.Format(config.Method)}' needs at least 1 epoch");
        bool startsFromNothing = config.Weights is null && config.Pretrain.Epochs == 0;
        check.That(config.Method != Method.Pretrained || !startsFromNothing, "method", "'pretrained' needs weights or pretrain.epochs above 0");
    }

    private static void Accumulate(RunConfig config, Checker check)
    {
        Fits(config.Pretrain, "pretrain.");
        Fits(config.Train, "train.");
        check.That(
            config.Pretrain is { Accumulate: 1 } or { Epochs: 0 } or { ContrastWeight: 0 },
            "pretrain.accumulate",
            $"the image-text contrast compares all images of a step: passes of a part each would learn something else; "
            + $"set pretrain.contrast_weight to 0 (it is {Scalars.Format(config.Pretrain.ContrastWeight)}) or accumulate to 1");

        void Fits(StageSection stage, string prefix) => check.That(
            stage.Accumulate <= stage.BatchSize, prefix + "accumulate", $"{stage.Accumulate} passes are more than {prefix}batch_size {stage.BatchSize} has images");
    }

    private static void Findings(RunConfig config, Checker check)
    {
        bool written = config.Origins.ContainsKey("findings");
        check.That(!written || config.Findings.Count > 0, "findings", "expected at least one finding, found an empty list");
        if (config.Findings.GroupBy(name => name).FirstOrDefault(group => group.Count() > 1) is { } twice)
        {
            check.That(false, "findings", $"'{twice.Key}' stands twice");
        }
        foreach (string name in config.Prompts.Keys.Where(name => !config.Findings.Contains(name) && !config.Pretrain.Labels.Contains(name)))
        {
            check.That(false, "prompts", $"'{name}' is no finding of this configuration{Engine.Tensors.Nearest.Hint(name, [.. config.Findings])}");
        }
    }

    private static void Data(RunConfig config, Checker check)
    {
        int side = config.Data.ImageSize, patch = config.Model.Image.Patch;
        bool vit = config.Model.Image.Kind != ImageEncoderKind.Resnet50;
        check.That(!vit || side % patch == 0, "model.image.patch", $"{patch} does not divide data.image_size {side}; use {Divisors(side, 256)}");
        if (config.Data.Kind == DataKind.Folder)
        {
            check.That(config.Data.Images is not null, "data.images", "kind folder needs the folder of the image files");
            check.That(config.Data.Labels is not null, "data.labels", "kind folder needs the CSV of labels");
            check.That(config.Method != Method.Dwarf || config.Data.Annotations is not null, "data.annotations", "method dwarf needs outlines");
        }
    }

    private static void Model(RunConfig config, Checker check)
    {
        int image = config.Model.Image.Width, text = config.Model.Text.Width;
        string kind = $"model.image.kind {Scalars.Format(config.Model.Image.Kind)}";
        var (read, otherwise) = (config.Model.Image, new ImageSection());
        if (read.Kind == ImageEncoderKind.Resnet50)
        {
            NotRead(kind, "model.image.patch", read.Patch == otherwise.Patch);
            NotRead(kind, "model.image.layers", read.Layers == otherwise.Layers);
            NotRead(kind, "model.image.heads", read.Heads == otherwise.Heads);
            NotRead(kind, "model.image.hidden", read.Hidden == otherwise.Hidden);
            NotRead(kind, "model.image.position_std", read.PositionStd == otherwise.PositionStd);
        }
        else
        {
            NotRead(kind, "model.image.stage", read.Stage == otherwise.Stage);
            NotRead(kind, "model.image.frozen_statistics", read.FrozenStatistics == otherwise.FrozenStatistics);
            Heads("model.image.heads", config.Model.Image.Heads, "model.image.width", image);
        }

        if (config.Model.Text.Positions is { } positions)
        {
            check.That(positions >= config.Model.Text.MaxLength, "model.text.positions", $"{positions} are fewer than model.text.max_length {config.Model.Text.MaxLength}");
        }

        Heads("model.text.heads", config.Model.Text.Heads, "model.text.width", text);
        Heads("model.decoder.heads", config.Model.Decoder.Heads, "model.image.width", image);

        // A key that does nothing is a mistake of whoever wrote it, but a resolved configuration writes them all with their defaults.
        void NotRead(string by, string key, bool isDefault) => check.That(isDefault, key, $"{by} does not read it");

        void Heads(string key, int heads, string of, int width) =>
            check.That(width % heads == 0, key, $"{heads} does not divide {of} {width}; use {Divisors(width, 16)}");
    }

    /// <summary>"1, 2, 4 or 8".</summary>
    private static string Divisors(int number, int most)
    {
        string[] all = [.. Enumerable.Range(1, Math.Min(number, most)).Where(each => number % each == 0).Select(each => each.ToString())];
        return all.Length == 1 ? all[0] : $"{string.Join(", ", all[..^1])} or {all[^1]}";
    }

    [GeneratedRegex(@"^(cpu|cuda(:[0-9]{1,3})?|emulated)\z")]
    private static partial Regex Device();

    private sealed class Checker(RunConfig config, FaultList faults)
    {
        public void That(bool good, string key, string message)
        {
            // A key whose value could not be read still has its default here, which nobody asked for.
            if (!good && !faults.Has(key))
            {
                faults.Add(Place(key), key, message);
            }
        }

        private Origin Place(string key) => config.Origins.TryGetValue(key, out Origin origin) ? origin : Origin.StartOf(config.Source);
    }
}

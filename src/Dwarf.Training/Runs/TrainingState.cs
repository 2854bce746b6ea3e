using System.Globalization;
using Engine.Autograd;
using Engine.Autograd.Optim;
using Engine.Tensors;
using Engine.Tensors.Safetensors;

namespace Dwarf.Training.Runs;

/// <summary>Where a run stands: counters beside the tensors that make the next step what it would have been.</summary>
public sealed class TrainingState
{
    /// <summary>Index of the stage in the run.</summary>
    public int Stage { get; set; }

    /// <summary>Whether the stage is over.</summary>
    public bool StageDone { get; set; }

    /// <summary>Epoch within the stage, from 0.</summary>
    public int Epoch { get; set; }

    /// <summary>Next step within the epoch, from 0.</summary>
    public int Step { get; set; }

    /// <summary>Steps of the stage that are done.</summary>
    public long StageSteps { get; set; }

    /// <summary>Best validation metric of the stage so far; negative infinity before the first.</summary>
    public double Best { get; set; } = double.NegativeInfinity;

    /// <summary>Running mean of the loss, against which a spike is judged.</summary>
    public double MeanLoss { get; set; } = double.NaN;

    /// <summary>Steps of all stages that are done; what metrics.jsonl counts.</summary>
    public long GlobalSteps { get; set; }

    /// <summary>Length of metrics.jsonl at this moment: what was logged later is logged again.</summary>
    public long LogBytes { get; set; }

    /// <summary>Writes the state: one file, one rename, so it is whole or not there.</summary>
    /// <param name="path">checkpoints/last.state.safetensors</param>
    /// <param name="store">weights</param>
    /// <param name="optimiser">moments and step counts</param>
    /// <param name="average">of the weights; null: there is none</param>
    /// <param name="fingerprint">of the configuration</param>
    public void Save(string path, ParameterStore store, AdamW optimiser, WeightAverage? average, string fingerprint)
    {
        var metadata = new Dictionary<string, string>
        {
            ["format"] = "dwarf-state-1",
            ["fingerprint"] = fingerprint,
            ["stage"] = Text(Stage),
            ["stage_done"] = StageDone ? "1" : "0",
            ["epoch"] = Text(Epoch),
            ["step"] = Text(Step),
            ["stage_steps"] = Text(StageSteps),
            ["best"] = Best.ToString("R", CultureInfo.InvariantCulture),
            ["mean_loss"] = MeanLoss.ToString("R", CultureInfo.InvariantCulture),
            ["global_steps"] = Text(GlobalSteps),
            ["log_bytes"] = Text(LogBytes),
        };
        var tensors = Values(store).Concat(Moments(optimiser).Where(m => Taken(store, optimiser, m.Key)));
        if (average is not null)
        {
            metadata["average_updates"] = Text(average.Updates);
            tensors = tensors.Concat(Averages(average));
        }

        SafetensorsWriter.Write(path, tensors, metadata);
    }

    /// <summary>Reads counters and weights.</summary>
    /// <param name="path">checkpoints/last.state.safetensors</param>
    /// <param name="store">receives the weights</param>
    /// <param name="fingerprint">of the configuration; another one is refused</param>
    /// <returns>the counters</returns>
    public static TrainingState Load(string path, ParameterStore store, string fingerprint)
    {
        using var file = SafetensorsFile.Open(path);
        string Get(string key) => TrainingState.Get(file, path, key);
        long Number(string key) => TrainingState.Number(file, path, key);
        double Real(string key) => double.TryParse(Get(key), NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
            ? value
            : throw new DwarfException(ErrorKind.Content, $"{path}: metadata '{key}' must be a number, found '{Get(key)}'");
        if (Get("fingerprint") != fingerprint)
        {
            throw new DwarfException(
                ErrorKind.Configuration, $"{path}: the run was started with another configuration; resume it with its own config.yaml");
        }

        Copy(file, path, Values(store), required: true);
        return new TrainingState
        {
            Stage = (int)Number("stage"),
            StageDone = Get("stage_done") == "1",
            Epoch = (int)Number("epoch"),
            Step = (int)Number("step"),
            StageSteps = Number("stage_steps"),
            Best = Real("best"),
            MeanLoss = Real("mean_loss"),
            GlobalSteps = Number("global_steps"),
            LogBytes = Number("log_bytes"),
        };
    }

    /// <summary>Reads moments and step counts of the stage that was interrupted.</summary>
    /// <param name="path">checkpoints/last.state.safetensors</param>
    /// <param name="optimiser">new; receives them</param>
    public static void LoadMoments(string path, AdamW optimiser)
    {
        using var file = SafetensorsFile.Open(path);
        Copy(file, path, Moments(optimiser), required: false);
    }

    /// <summary>Reads the average of the weights of the stage that was interrupted.</summary>
    /// <param name="path">checkpoints/last.state.safetensors</param>
    /// <param name="average">new; receives it</param>
    public static void LoadAverage(string path, WeightAverage average)
    {
        using var file = SafetensorsFile.Open(path);
        average.Updates = Number(file, path, "average_updates");
        Copy(file, path, Averages(average), required: true);
    }

    private static string Get(SafetensorsFile file, string path, string key) => file.Metadata.TryGetValue(key, out string? value)
        ? value
        : throw new DwarfException(ErrorKind.Content, $"{path}: metadata '{key}' is missing; this is not the state of a run");

    private static long Number(SafetensorsFile file, string path, string key)
    {
        string text = Get(file, path, key);
        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value)
            ? value
            : throw new DwarfException(ErrorKind.Content, $"{path}: metadata '{key}' must be an integer, found '{text}'");
    }

    private static IEnumerable<KeyValuePair<string, Tensor>> Averages(WeightAverage average) =>
        average.State().Select(s => new KeyValuePair<string, Tensor>(s.Name, s.Tensor));

    private static IEnumerable<KeyValuePair<string, Tensor>> Values(ParameterStore store) =>
        store.Parameters.Select(p => new KeyValuePair<string, Tensor>("value." + p.Name, p.Master));

    private static IEnumerable<KeyValuePair<string, Tensor>> Moments(AdamW optimiser) =>
        optimiser.State().Select(s => new KeyValuePair<string, Tensor>(s.Name, s.Tensor));

    /// <summary>Moments of a parameter that never took a step are zero: not written, and zero in the optimiser that reads them.</summary>
    private static bool Taken(ParameterStore store, AdamW optimiser, string name)
    {
        int dot = name.LastIndexOf('.');
        return store.Find(name[..dot]) is not { } parameter || optimiser.StepsOf(parameter) > 0;
    }

    private static void Copy(SafetensorsFile file, string path, IEnumerable<KeyValuePair<string, Tensor>> targets, bool required)
    {
        foreach (var (name, tensor) in targets)
        {
            if (required || file.Contains(name))
            {
                var saved = file.Read(name);
                if (saved.Shape != tensor.Shape || saved.DType != tensor.DType)
                {
                    throw new ShapeException(
                        $"{path}: {name} must be {tensor.DType.Label()} {tensor.Shape}, found {saved.DType.Label()} {saved.Shape}");
                }

                tensor.CopyFrom(saved);
            }
        }
    }

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);
}

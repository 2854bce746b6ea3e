using System.Security.Cryptography;
using System.Text;
using Dwarf.Model.Weights;
using Dwarf.Training.Config;
using Dwarf.Training.Data;
using Engine.Kernels;
using Engine.Tensors;

namespace Dwarf.Training.Runs;

/// <summary>A whole run: data, pre-training, the method's stage, evaluation, report. What `train` does.</summary>
public static class Experiment
{
    /// <summary>Keys that change where or how fast a run computes, never what.</summary>
    private static readonly string[] Harmless =
        ["threads", "train.checkpoint_every", "eval.batch_size", "train.checkpoint_activations", "pretrain.checkpoint_activations"];

    /// <summary>Runs, or goes on with, an experiment.</summary>
    /// <param name="config">the settings</param>
    /// <param name="folder">the locked folder</param>
    /// <param name="device">the device</param>
    /// <param name="monitor">told of progress</param>
    /// <param name="clock">seconds since 1970, for TensorBoard alone</param>
    /// <param name="stop">asks for a stop</param>
    /// <returns>false if the run was stopped; it can be resumed then</returns>
    public static bool Run(
        RunConfig config, RunFolder folder, Device device, IRunMonitor monitor, Func<double> clock, CancellationToken stop)
    {
        if (!folder.Resumed)
        {
            AtomicFile.WriteText(folder.Config, ResolvedConfig.Write(config));
        }

        monitor.Stage("reading data", 0);
        var data = DataSource.Load(config);
        var plan = MemoryPlanner.Plan(config, data);
        foreach (string line in plan.Lines)
        {
            monitor.Note(line);
        }

        plan.Require(device.Memory is null);
        using var bench = new Workbench(config, data, device, stop);
        monitor.Note(Describe(bench));
        monitor.Note(bench.Preprocessing);
        foreach (var (path, part) in new[]
        {
            (config.Weights, ""), (config.Model.Image.Weights, WeightNames.Image), (config.Model.Text.Weights, WeightNames.Text),
        })
        {
            if (path is not null)
            {
                monitor.Note($"{path}: {WeightsFile.LoadParts(path, bench.Network, part)}");
                bench.ForgetFeatures();
            }
        }

        using (var runner = new StageRunner(folder, bench, monitor, Fingerprint(config), stop))
        {
            var stages = Stages(config).ToList();
            for (int index = 0; index < stages.Count; index++)
            {
                // A resumed run is somewhere in a later stage: its state holds that stage's weights, so nothing is trained or loaded here.
                if (index + 1 < stages.Count && runner.State.Stage > index)
                {
                    continue;
                }

                var stage = stages[index](bench);
                if (!runner.Train(index, stage))
                {
                    monitor.Note(Stopped(folder));
                    return false;
                }

                runner.TakeBest(stage);
            }

            if (config.Method == Method.Pretrained)
            {
                runner.SaveUntrained(stages.Count > 0);
            }
        }

        try
        {
            RunResult.Write(bench, folder, monitor, clock);
            return true;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            monitor.Note(Stopped(folder));
            return false;
        }
    }

    /// <summary>A digest of every key that decides the result.</summary>
    /// <param name="config">the settings</param>
    /// <returns>hexadecimal</returns>
    public static string Fingerprint(RunConfig config)
    {
        var text = string.Join('\n', ResolvedConfig.Values(config).Where(v => !Harmless.Contains(v.Key)).Select(v => $"{v.Key}={v.Value}"));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
    }

    private static string Stopped(RunFolder folder) => $"stopped; go on with --resume --out {folder.Path}";

    internal static IEnumerable<Func<Workbench, IStage>> Stages(RunConfig config)
    {
        if (config.Pretrain.Epochs > 0)
        {
            yield return bench => new PretrainStage(bench);
        }

        if (config.Method == Method.Dwarf && config.Train.Epochs > 0)
        {
            yield return bench => new DwarfStage(bench);
        }

        if (config.Method == Method.Classification && config.Train.Epochs > 0)
        {
            yield return bench => new ClassificationStage(bench);
        }
    }

    /// <summary>Sizes of network and splits in one line.</summary>
    /// <param name="bench">the run</param>
    /// <returns>the line</returns>
    public static string Describe(Workbench bench)
    {
        int Count(Split split, bool annotated) => bench.Data.Indices(split, annotated).Length;
        return FormattableString.Invariant($"{bench.Network.Parameters.ScalarCount:N0} parameters; images (annotated): ")
            + string.Join(", ", Enum.GetValues<Split>().Select(s =>
                FormattableString.Invariant($"{Count(s, false)} ({Count(s, true)}) {s.ToString().ToLowerInvariant()}")));
    }
}

using Dwarf.Training.Config;
using Dwarf.Training.Data;
using Engine.Autograd;
using Engine.Kernels;
using Engine.Tensors;

namespace Dwarf.Training.Runs;

/// <summary>Finds what a run will take of memory by running its code on a device that computes nothing and touches nothing.</summary>
public static class MemoryPlanner
{
    /// <summary>
    /// What the runtime itself adds once it works, the same on runs of every size: code compiled again at its last tier, the collector's first
    /// generation, stacks.
    /// </summary>
    private const long RuntimeGrowth = 37_000_000;

    /// <summary>What tables, pictures and report of the evaluation leave to the collector before it comes.</summary>
    private const long TableGrowth = 29_000_000;

    /// <summary>Plans a run.</summary>
    /// <param name="config">the settings</param>
    /// <param name="data">its data, loaded</param>
    /// <returns>the plan</returns>
    public static MemoryPlan Plan(RunConfig config, ChestDataset data)
    {
        long dataBytes = data.Samples.Sum(s => (4L * s.Pixels.Length) + (s.Masks?.Sum(m => (long)(m?.Length ?? 0)) ?? 0));

        // What reading the data left behind goes first.
        GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        long resident = MachineMemory.Resident, available = MachineMemory.Available;
        var stages = Experiment.Stages(config).ToList();
        var run = Use.Of(config, data, stages, evaluates: false);
        var alone = stages.ConvertAll(stage => Use.Of(config, data, [stage], evaluates: false));
        long evaluation = Use.Of(config, data, [], evaluates: true).Activations;
        long answers = Answers(config, data);
        long activations = alone.Select(use => use.Activations).Append(evaluation + answers + TableGrowth).Max();

        // Averages change places with all weights, trained or not.
        long moments = alone.Select(use => (2 * use.Trained) + (use.Averages ? use.Weights : 0)).DefaultIfEmpty().Max();
        var plan = new MemoryPlan(
            run.Weights, [], run.Trained, moments, activations, run.Scratch, evaluation, answers, dataBytes,
            resident + RuntimeGrowth, available);
        return plan with { Stages = [.. alone.Select((use, i) => Describe(config, data, stages[i], use, plan, i))] };
    }

    private static StageMemory Describe(
        RunConfig config, ChestDataset data, Func<Workbench, IStage> stage, Use use, MemoryPlan plan, int index)
    {
        bool pretrains = index == 0 && config.Pretrain.Epochs > 0;
        int batch = pretrains ? config.Pretrain.BatchSize : config.Train.BatchSize;
        int other = batch == 1 ? 2 : Math.Max(1, batch / 2);
        var less = Use.Of(
            pretrains
                ? config with { Pretrain = config.Pretrain with { BatchSize = other } }
                : config with { Train = config.Train with { BatchSize = other } },
            data,
            [stage],
            evaluates: false);

        // Activations grow in proportion to the images; everything else stays.
        double slope = (double)(use.Activations - less.Activations) / (batch - other);
        long room = plan.Available - (plan.Total - plan.Activations) - use.Activations;
        long images = data.Indices(Split.Train, annotatedOnly: !pretrains).Length;
        long largest = slope > 0 ? batch + (long)Math.Floor(room / slope) : room >= 0 ? images : 0;
        return new StageMemory(
            use.Stage, use.Batch, use.TrainedScalars, use.Scalars - use.TrainedScalars, use.Trained, 2 * use.Trained, use.Activations,
            Math.Clamp(largest, 0, images));
    }

    /// <summary>What the end of a run holds in managed memory: raw and refined maps of run and pre-training, and their truth.</summary>
    private static long Answers(RunConfig config, ChestDataset data)
    {
        long images = data.Indices(Split.Test, annotatedOnly: true).Length + data.Indices(Split.Validation, annotatedOnly: true).Length;
        long methods = config.Pretrain.Epochs > 0 && config.Method != Method.Pretrained ? 2 : 1;
        return images * config.Findings.Count * data.Width * data.Height * ((methods * 8) + 1);
    }

    /// <summary>What a part of a run took of the planning device.</summary>
    private sealed record Use(
        string Stage, int Batch, long Weights, long Scalars, long TrainedScalars, long Trained, long Activations, long Scratch, bool Averages)
    {
        public static Use Of(RunConfig config, ChestDataset data, IReadOnlyList<Func<Workbench, IStage>> stages, bool evaluates)
        {
            using var device = CpuDevice.ForPlanning();
            var dtype = config.Dtype == DType.BF16 ? DType.F32 : config.Dtype;
            using var bench = new Workbench(config with { Weights = null, Dtype = dtype }, data, device);
            var (tape, parameters) = (bench.Tape, bench.Network.Parameters.Parameters);
            var trained = new HashSet<Parameter>();
            string name = "";
            int batch = 0;
            long asked = 0;
            bool averages = false;
            foreach (var make in stages)
            {
                var stage = make(bench);

                // Making it has asked for text features; a run gives that memory back before it trains.
                asked = Math.Max(asked, tape.TouchedBytes);
                tape.Trim();
                bench.Network.Freeze(stage.Options.Freeze);
                tape.CheckpointsActivations = stage.Options.CheckpointActivations;
                int passes = stage.Passes(0);
                for (int pass = 0; pass < passes; pass++)
                {
                    stage.Step(0, 0, pass);
                    if (pass + 1 < passes)
                    {
                        tape.EndPass();
                    }
                }

                // A step trains one finding's head, the stage all of them.
                bool heads = parameters.Any(p => p.Grad is not null && IsHead(p));
                trained.UnionWith(parameters.Where(p => p.Grad is not null || (heads && p.RequiresGrad && IsHead(p))));
                name = stage.Name;
                averages |= stage.Options.Ema > 0;
                int size = name == "pretrain" ? config.Pretrain.BatchSize : config.Train.BatchSize;
                batch = (size + passes - 1) / passes;
                tape.Reset();
            }

            if (evaluates)
            {
                foreach (bool maps in new[] { false, true })
                {
                    // Maps are made of outlined images alone.
                    int[] samples = Enum.GetValues<Split>().Select(s => data.Indices(s, annotatedOnly: maps)).MaxBy(s => s.Length) ?? [];
                    bench.Inference.Ask(
                        Math.Min(samples.Length, config.Eval.BatchSize), (i, span) => bench.Input.Plain(data.Samples[samples[i]].Pixels, span),
                        bench.Features, bench.Findings, maps, peak => asked = Math.Max(asked, peak));
                }
            }

            return new Use(
                name, batch, parameters.Sum(p => p.Value.Bytes), parameters.Sum(p => p.Shape.Count), trained.Sum(p => p.Shape.Count),
                trained.Sum(p => p.Value.Bytes), Math.Max(asked, tape.TouchedBytes), device.ScratchBytes, averages);
        }

        private static bool IsHead(Parameter parameter) => parameter.Name.StartsWith("heads.", StringComparison.Ordinal);
    }
}

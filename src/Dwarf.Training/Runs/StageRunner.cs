using Dwarf.Model;
using Dwarf.Model.Weights;
using Dwarf.Training.Report;
using Engine.Autograd;
using Engine.Autograd.Optim;
using Engine.Kernels;
using Engine.Tensors;

namespace Dwarf.Training.Runs;

/// <summary>Trains stages: schedule, clipping, optimiser, log, checkpoints, interruption, and resuming to the same bits.</summary>
public sealed class StageRunner : IDisposable
{
    /// <summary>A stage writes about so many lines of steps to metrics.jsonl, whatever its length.</summary>
    private const long LogLines = 300;

    private readonly RunFolder _folder;
    private readonly Workbench _bench;
    private readonly DwarfNetwork _network;
    private readonly Tape _tape;
    private readonly IRunMonitor _monitor;
    private readonly CancellationToken _stop;
    private readonly string _fingerprint;
    private readonly GradientClipping _clipping;
    private readonly MetricsLog _log;
    private readonly LossSums _sums;
    private readonly List<Parameter> _text;
    private AdamW _optimiser;
    private WeightAverage? _average;
    private CudaRecorder? _recorder;
    private long _logEvery = 1;
    private long _saved;
    private int _passes = 1;

    /// <summary>Creates the runner; a resumed run continues from its last state.</summary>
    /// <param name="folder">the run</param>
    /// <param name="bench">what is trained, on what</param>
    /// <param name="monitor">told of progress</param>
    /// <param name="fingerprint">of the configuration, kept in the state</param>
    /// <param name="stop">asks for a stop: the run saves and leaves</param>
    public StageRunner(RunFolder folder, Workbench bench, IRunMonitor monitor, string fingerprint, CancellationToken stop)
    {
        (_folder, _bench, _monitor, _stop, _fingerprint) = (folder, bench, monitor, stop, fingerprint);
        (_network, _tape) = (bench.Network, bench.Tape);
        _optimiser = new AdamW(_network.Parameters);
        _clipping = new GradientClipping(_network.Parameters);
        _sums = new LossSums(_network.Parameters.DType, _tape.Device.Memory);
        _text = [.. _network.Parameters.Parameters.Where(p => p.Name.StartsWith(WeightNames.Text + ".", StringComparison.Ordinal))];
        string state = StatePath;
        if (folder.Resumed && File.Exists(state))
        {
            State = TrainingState.Load(state, _network.Parameters, fingerprint);
            _network.Parameters.SyncHalf(_tape.Device);
            bench.ForgetFeatures();
            Cut(folder.MetricsLog, State.LogBytes);
            _monitor.Note($"resumed at stage {State.Stage}, epoch {State.Epoch}, step {State.Step}");
        }

        _log = MetricsLog.Open(folder.MetricsLog, folder.Resumed ? State.GlobalSteps : null);
    }

    /// <summary>Where the run stands.</summary>
    public TrainingState State { get; private set; } = new();

    private string StatePath => _folder.Checkpoint("last.state.safetensors");

    /// <summary>Trains one stage to its end, from where the state stands; a stage that is behind is skipped.</summary>
    /// <param name="index">its place in the run</param>
    /// <param name="stage">the stage</param>
    /// <returns>false if a stop was asked for; the state is saved then</returns>
    public bool Train(int index, IStage stage)
    {
        if (IsDone(index))
        {
            return true;
        }

        var options = stage.Options;
        Begin(index, options);
        _saved = State.StageSteps;
        long total = (long)options.Epochs * stage.StepsPerEpoch;
        total = options.MaxSteps > 0 ? Math.Min(total, options.MaxSteps) : total;
        var schedule = LearningRateSchedule.Cosine(
            options.LearningRate,
            total,
            Math.Min(options.WarmupSteps, total),
            options.MinLearningRate,
            options.LearningRate / (options.WarmupSteps + 1));
        _logEvery = Math.Max(1, total / LogLines);
        _monitor.Stage(stage.Name, total);
        _monitor.Advance(State.StageSteps, "");
        while (true)
        {
            // A state may stand here too, with the last step of an epoch done and its validation to come.
            bool last = State.StageSteps >= total;
            bool epochEnds = State.Step > 0 && (last || State.Step >= stage.StepsPerEpoch);
            if (_stop.IsCancellationRequested || (epochEnds && !Validate(stage, last)))
            {
                SaveState();
                return false;
            }

            if (epochEnds)
            {
                State.Step = 0;
                State.Epoch++;
            }

            bool saves = options.CheckpointEvery > 0 ? State.StageSteps > 0 && State.StageSteps % options.CheckpointEvery == 0 : epochEnds;
            if (last)
            {
                State.StageDone = true;
                SaveState();
                return true;
            }

            if (saves && State.StageSteps > _saved)
            {
                SaveState();
            }

            TrainStep(stage, options, schedule.At(State.StageSteps));
        }
    }

    /// <summary>Whether a stage was over when the run was resumed, or has ended since.</summary>
    /// <param name="index">its place in the run</param>
    /// <returns>true if <see cref="Train"/> would skip it</returns>
    public bool IsDone(int index) => State.Stage > index || (State.Stage == index && State.StageDone);

    /// <summary>Puts the best weights of a stage into the network, for the next stage or for evaluation.</summary>
    /// <param name="stage">a stage that is over</param>
    public void TakeBest(IStage stage)
    {
        if (File.Exists(BestPath(stage.Name)))
        {
            WeightsFile.LoadInto(BestPath(stage.Name), _network);
        }

        _bench.ForgetFeatures();
    }

    /// <summary>The file of a stage's best weights.</summary>
    /// <param name="stage">its name</param>
    /// <returns>pretrained.safetensors for pre-training, else best.safetensors</returns>
    public string BestPath(string stage) => _folder.Checkpoint(stage == "pretrain" ? "pretrained.safetensors" : "best.safetensors");

    /// <summary>What a run without a training stage evaluates: the pre-trained weights, or those it was given.</summary>
    /// <param name="trained">whether a stage left its last weights</param>
    public void SaveUntrained(bool trained)
    {
        _bench.SaveWeights(BestPath(""));
        if (!trained)
        {
            _bench.SaveWeights(_folder.Checkpoint("last.safetensors"));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _recorder?.Dispose();
        _log.Dispose();
    }

    /// <summary>A new stage starts with a new optimiser; the stage that was interrupted gets its moments back.</summary>
    private void Begin(int index, StageOptions options)
    {
        _recorder?.Dispose();
        _recorder = null;
        _tape.Trim();
        MachineMemory.Settle();
        _optimiser.Release();
        _network.Freeze(options.Freeze);
        _tape.CheckpointsActivations = options.CheckpointActivations;
        _optimiser = StageOptimiser.Create(_network.Parameters, options, _monitor);
        _average?.Release();
        _average = options.Ema > 0 ? new WeightAverage(_network.Parameters, options.Ema) : null;
        if (State.Stage < index)
        {
            State = new TrainingState { Stage = index, GlobalSteps = State.GlobalSteps };
        }
        else if (State.StageSteps > 0)
        {
            TrainingState.LoadMoments(StatePath, _optimiser);
            if (_average is not null)
            {
                TrainingState.LoadAverage(StatePath, _average);
            }
        }
    }

    private void TrainStep(IStage stage, StageOptions options, double learningRate)
    {
        double most = options.ClipNorm > 0 ? options.ClipNorm : double.PositiveInfinity;
        var (result, losses, norm) = _tape.Device is CudaDevice gpu
            ? StepOnDevice(gpu, stage, most, learningRate)
            : StepOnHost(stage, most, learningRate);
        if (_text.Exists(p => p.Grad is not null))
        {
            _bench.ForgetFeatures();
        }

        _tape.Reset();
        State.Step++;
        State.StageSteps++;
        State.GlobalSteps++;
        if (State.StageSteps % _logEvery == 0)
        {
            _log.Write(
                ("stage", stage.Name),
                ("epoch", State.Epoch),
                ("step", State.GlobalSteps),
                ("finding", result.Finding),
                ("loss", losses.Loss),
                ("loss_cls", losses.Classification),
                ("loss_seg", losses.Segmentation),
                ("grad_norm", norm),
                ("lr", learningRate));
        }

        _monitor.Advance(State.StageSteps, FormattableString.Invariant($"loss {losses.Loss:F4}"));
    }

    private (StepResult Result, StepLosses Losses, double Norm) StepOnHost(IStage stage, double most, double learningRate)
    {
        var result = Gradients(stage);
        var losses = Read(result);
        CheckLoss(stage, result, losses);
        var clipped = _clipping.Clip(_tape.Device, most);
        CheckNorm(stage, result, clipped.Value);
        _optimiser.Step(_tape.Device, learningRate, clipped);
        _average?.Update(_tape.Device);
        return (result, losses, clipped.Value);
    }

    /// <summary>
    /// The whole step is recorded and launched at once, but for the first of a stage, which compiles kernels and fills pools. The device itself
    /// keeps the parameters where the norm is not finite, so the checks may come after.
    /// </summary>
    private (StepResult Result, StepLosses Losses, double Norm) StepOnDevice(CudaDevice gpu, IStage stage, double most, double learningRate)
    {
        _recorder?.Begin();
        StepResult result;
        GradientNorm clipped;
        try
        {
            result = Gradients(stage);
            clipped = _clipping.Clip(gpu, most);
            _optimiser.Step(gpu, learningRate, clipped);
            _average?.Update(gpu);
        }
        catch
        {
            _recorder?.Abandon();
            throw;
        }

        _recorder?.Launch();
        _recorder ??= new CudaRecorder(gpu);
        var losses = Read(result);
        CheckLoss(stage, result, losses);
        CheckNorm(stage, result, clipped.Value);
        return (result, losses, clipped.Value);
    }

    /// <summary>All passes of a step; what the last gives stands for all of them where there are several, but for its numbers.</summary>
    private StepResult Gradients(IStage stage)
    {
        _passes = stage.Passes(State.Step);
        var result = stage.Step(State.Epoch, State.Step, 0);
        for (int pass = 1; pass < _passes; pass++)
        {
            _sums.Add(_tape.Device, result, first: pass == 1);
            _tape.EndPass();
            result = stage.Step(State.Epoch, State.Step, pass);
        }

        if (_passes > 1)
        {
            _sums.Add(_tape.Device, result, first: false);
        }

        return result;
    }

    private StepLosses Read(StepResult result) => _passes > 1 ? _sums.Read() : result.Read();

    private void CheckNorm(IStage stage, StepResult result, double norm)
    {
        if (!double.IsFinite(norm))
        {
            throw Bad(stage, result, $"the gradient norm is {norm}");
        }
    }

    private void CheckLoss(IStage stage, StepResult result, StepLosses losses)
    {
        if (!double.IsFinite(losses.Loss))
        {
            throw Bad(stage, result, $"the loss is {losses.Loss}");
        }

        if (State.StageSteps > 20 && LossSpike.Is(losses.Loss, State.MeanLoss))
        {
            throw Bad(stage, result, LossSpike.Describe(losses.Loss, State.MeanLoss));
        }

        State.MeanLoss = double.IsNaN(State.MeanLoss) ? losses.Loss : State.MeanLoss + (0.05 * (losses.Loss - State.MeanLoss));
    }

    private DwarfException Bad(IStage stage, StepResult result, string what) => new(
        ErrorKind.Internal,
        $"training went bad in stage {stage.Name}, epoch {State.Epoch}, step {State.Step}"
        + $"{(result.Finding is null ? "" : $", finding {result.Finding}")}: "
        + $"{what}; nothing of this step was kept, the last checkpoint is whole");

    /// <returns>false if a stop was asked for before it was over: nothing of it is kept</returns>
    private bool Validate(IStage stage, bool last)
    {
        SwapAverage();
        try
        {
            if (stage.Validate(State.Epoch, last) is { } validation)
            {
                var line = new List<(string, object?)>
                {
                    ("stage", stage.Name),
                    ("epoch", State.Epoch),
                    ("step", State.GlobalSteps),
                    ("split", "val"),
                    ("metric", validation.Metric),
                };
                line.AddRange(validation.Values.Select(v => (v.Name, (object?)v.Value)));
                _log.Write([.. line]);

                // Where validation has no image that could tell epochs apart, the last one stands.
                if (validation.Metric > State.Best || double.IsNegativeInfinity(State.Best))
                {
                    State.Best = validation.Metric;
                    _bench.SaveWeights(BestPath(stage.Name));
                }
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            return false;
        }
        finally
        {
            _tape.Reset();
            SwapAverage();
        }

        return true;
    }

    /// <summary>Before and after what is to see the average of the weights, where there is one.</summary>
    private void SwapAverage()
    {
        if (_average is { Updates: > 0 })
        {
            _average.Swap();
            _network.Parameters.SyncHalf(_tape.Device);
            if (_text.Exists(p => _optimiser.StepsOf(p) > 0))
            {
                _bench.ForgetFeatures();
            }
        }
    }

    /// <summary>A validation logs under the step before it, so steps alone cannot tell what a state knew of.</summary>
    private static void Cut(string log, long length)
    {
        if (File.Exists(log) && new FileInfo(log).Length > length)
        {
            using var file = new FileStream(log, FileMode.Open, FileAccess.Write);
            file.SetLength(length);
        }
    }

    /// <summary>Weights for users first, then the state that a resumed run reads: a crash in between costs nothing.</summary>
    private void SaveState()
    {
        SwapAverage();
        try
        {
            _bench.SaveWeights(_folder.Checkpoint("last.safetensors"));
        }
        finally
        {
            SwapAverage();
        }

        State.LogBytes = _log.Length;
        State.Save(StatePath, _network.Parameters, _optimiser, _average, _fingerprint);
        _saved = State.StageSteps;
    }
}

using Dwarf.Model;
using Dwarf.Model.Text;
using Dwarf.Model.Weights;
using Dwarf.Training.Config;
using Dwarf.Training.Data;
using Dwarf.Training.Metrics;
using Engine.Autograd;
using Engine.Kernels;
using Engine.Tensors;

namespace Dwarf.Training.Runs;

/// <summary>What every stage and the evaluation of a run share: settings, data, network, tape.</summary>
public sealed class Workbench : IDisposable
{
    private readonly float[] _pixels;
    private readonly float[] _mask;
    private Tensor? _features;

    /// <summary>Creates the network and everything around it.</summary>
    /// <param name="config">the run</param>
    /// <param name="data">its data</param>
    /// <param name="device">runs it</param>
    /// <param name="stop">ends questions to the network between two batches</param>
    public Workbench(RunConfig config, ChestDataset data, Device device, CancellationToken stop = default)
    {
        Stop = stop;
        (Config, Data) = (config, data);
        Findings = config.Findings;
        _features = StoredFeatures.Of(config);
        var sizes = config.Network(WordPiece.Load(config.Model.Text.Vocab).Count);
        sizes = _features is null ? sizes : sizes with { Text = null };

        // Memory is planned on weights that nobody reads: they stay the system's zero pages.
        long? seed = device is CpuDevice { Plans: true } ? null : config.Seed;
        Network = new DwarfNetwork(sizes, Findings, config.Dtype, seed, device.Memory);
        Tape = new Tape(device);
        CheckFreeze(config.Pretrain, "pretrain.freeze");
        CheckFreeze(config.Train, "train.freeze");
        Map = config.Maps();
        Loss = config.Losses();
        Input = ImageInput.Of(config);
        Prompts = PromptTexts.Of(config, Findings);
        Dropout = new DropoutSites(config.Model.Decoder.Dropout);
        Inference = new Inference(Network, Tape, Map, config.Eval.BatchSize, stop);
        int pixels = data.Width * data.Height;
        (_pixels, _mask) = (new float[Network.Config.Image.Channels * pixels], new float[pixels]);
    }

    /// <summary>Asks for a stop: long work outside of training steps throws then.</summary>
    public CancellationToken Stop { get; }

    /// <summary>The settings.</summary>
    public RunConfig Config { get; }

    /// <summary>The data.</summary>
    public ChestDataset Data { get; }

    /// <summary>The findings of the run.</summary>
    public IReadOnlyList<string> Findings { get; }

    /// <summary>The network.</summary>
    public DwarfNetwork Network { get; }

    /// <summary>The tape of its steps.</summary>
    public Tape Tape { get; }

    /// <summary>From attention to map.</summary>
    public MapConfig Map { get; }

    /// <summary>DWARF's loss.</summary>
    public LossConfig Loss { get; }

    /// <summary>From pixels to the network's input.</summary>
    public ImageInput Input { get; }

    /// <summary>All that is done to an image, in one line for people.</summary>
    public string Preprocessing => Input.Line(Data.Width, Data.Height, Network.Config.Image.Channels);

    /// <summary>The findings' prompts.</summary>
    public PromptTexts Prompts { get; }

    /// <summary>Random numbers of the decoder's dropout.</summary>
    public DropoutSites Dropout { get; }

    /// <summary>Forward passes without recording.</summary>
    public Inference Inference { get; }

    /// <summary>
    /// Text features of the findings' prompts [f,d]: computed once for the text encoder as it stands, or those of the weights file where
    /// the network has no text encoder.
    /// </summary>
    public Tensor Features => _features ??= Inference.TextFeatures(Prompts.Ids, Prompts.AttentionMask);

    /// <summary>The text encoder has other weights now, loaded or trained: its features are computed anew when they are asked for next.</summary>
    public void ForgetFeatures()
    {
        if (Network.Text is not null)
        {
            _features = null;
        }
    }

    /// <summary>The text feature of one finding.</summary>
    /// <param name="finding">its number</param>
    /// <returns>[1,d]</returns>
    public Tensor FeatureRow(int finding)
    {
        long d = Features.Shape[1];
        var row = new Tensor([1, d], Features.DType);
        long bytes = row.Bytes;
        Features.ByteSpan(finding * bytes, (int)bytes).CopyTo(row.ByteSpan(0, (int)bytes));
        return row;
    }

    /// <summary>Starts the dropout of a pass: its images draw what they would draw in the whole step at once.</summary>
    /// <param name="stream">keeps stages apart</param>
    /// <param name="step">of the stage</param>
    /// <param name="window">images of the step</param>
    /// <param name="pass">which of its passes</param>
    public void BeginDropout(int stream, long step, StepWindow window, int pass)
    {
        var (skipped, count) = window.Pass(pass);
        Dropout.Begin(Order.StepSeed(Config.Seed, stream, step), 0, skipped, count);
    }

    /// <summary>Whether an epoch ends with a validation.</summary>
    /// <param name="section">of the stage</param>
    /// <param name="epoch">from 0</param>
    /// <returns>every so many epochs</returns>
    public bool IsValidated(StageSection section, int epoch) => (epoch + 1) % section.ValidateEvery == 0;

    /// <summary>Shape of a batch of images.</summary>
    /// <param name="count">images</param>
    /// <returns>[count,3,h,w]</returns>
    public Shape ImageShape(int count) => [count, Network.Config.Image.Channels, Data.Height, Data.Width];

    /// <summary>A number as a variable that broadcasts.</summary>
    /// <param name="value">the number</param>
    /// <returns>rank 0</returns>
    public Variable Scalar(double value) => Tape.Constant(Tape.Scalar(value, Network.Parameters.DType));

    /// <summary>Writes an augmented training image, and its mask moved with it, into row <paramref name="row"/> of a batch.</summary>
    /// <param name="index">sample of the data set</param>
    /// <param name="stream">keeps stages apart</param>
    /// <param name="epoch">epoch</param>
    /// <param name="images">[b,3,h,w]</param>
    /// <param name="row">row of the batch</param>
    /// <param name="finding">whose mask is wanted; -1: none</param>
    /// <param name="masks">[b,h,w] or null</param>
    /// <returns>the sample</returns>
    public ChestSample WriteTraining(int index, int stream, int epoch, Tensor images, int row, int finding, Tensor? masks)
    {
        var sample = Data.Samples[index];
        var mask = finding >= 0 ? sample.Masks?[finding] : null;
        Input.Augmented(Data, Config.Augment, Config.Seed + stream, epoch, index, mask, _pixels, _mask);
        Floats.Store(_pixels, images, (long)row * _pixels.Length);
        if (masks is not null)
        {
            Floats.Store(_mask, masks, (long)row * _mask.Length);
        }

        return sample;
    }

    /// <summary>Asks images of the data set, unchanged, every finding.</summary>
    /// <param name="samples">numbers of samples</param>
    /// <param name="maps">whether maps are wanted</param>
    /// <returns>answers by finding, then image</returns>
    public Answer[][] Ask(int[] samples, bool maps) => Inference.Ask(
        samples.Length, (i, span) => Input.Plain(Data.Samples[samples[i]].Pixels, span), Features, Findings, maps);

    /// <summary>How a stage is optimised.</summary>
    /// <param name="section">its part of the configuration</param>
    /// <returns>the options</returns>
    public StageOptions Options(StageSection section)
    {
        var train = section as TrainSection;
        return new StageOptions
        {
            Epochs = section.Epochs,
            MaxSteps = train?.MaxSteps ?? 0,
            LearningRate = section.Lr,
            HeadLearningRate = train?.HeadLr ?? section.Lr,
            MinLearningRate = section.MinLr,
            WarmupSteps = section.WarmupSteps,
            WeightDecay = section.WeightDecay,
            ClipNorm = section.ClipNorm,
            Accumulate = section.Accumulate,
            Freeze = section.Freeze,
            CheckpointActivations = section.CheckpointActivations,
            LayerDecay = section.LayerDecay,
            Ema = section.Ema,
            CheckpointEvery = Config.Train.CheckpointEvery,
        };
    }

    /// <summary>Macro AUC of the findings on the validation split, by the labels of the CSV.</summary>
    /// <returns>AUC as the metric, each finding's beside it</returns>
    public Validation ValidateClassification()
    {
        var result = RunEvaluation.Score(this, Split.Validation, Ask(Data.Indices(Split.Validation), maps: false), bootstrap: null);
        return new Validation(
            result.Macro.Auc ?? double.NegativeInfinity,
            [("auc", result.Macro.Auc), .. result.Rows.Select(r => ("auc_" + r.Finding.Replace(' ', '_'), r.Auc))]);
    }

    /// <summary>Macro Dice of the refined maps on the validation split, each finding at its best threshold there.</summary>
    /// <returns>Dice as the metric; the AUC beside it</returns>
    public Validation ValidateMaps()
    {
        var samples = Data.Indices(Split.Validation, annotatedOnly: true);
        var maps = RunEvaluation.Maps(this, samples, Ask(samples, maps: true), refined: true);
        var result = MapEvaluation.Evaluate(maps);
        var scores = RunEvaluation.Score(this, Split.Validation, Ask(Data.Indices(Split.Validation), maps: false), bootstrap: null);
        return new Validation(
            result.Macro.MaxDice ?? double.NegativeInfinity,
            [
                ("max_dice", result.Macro.MaxDice), ("auc", scores.Macro.Auc),
                .. result.Rows.Select(r => ("max_dice_" + r.Finding.Replace(' ', '_'), r.MaxDice)),
            ]);
    }

    /// <summary>Writes the network as it stands, with all that `predict` needs.</summary>
    /// <param name="path">the file</param>
    public void SaveWeights(string path)
    {
        var info = new WeightsInfo
        {
            Findings = Findings,
            Prompts = [.. Findings.Select(f => Config.Prompts.GetValueOrDefault(f, f))],
            Map = Map,
            Preprocessing = Input.Described(Data.Height),
        };
        WeightsFile.Save(path, Network, info, Features.DType == Network.Parameters.DType ? Features : Features.To(Network.Parameters.DType));
    }

    /// <summary>A name that fits nothing is told before the first stage begins, not when its own does.</summary>
    private void CheckFreeze(StageSection section, string key)
    {
        try
        {
            if (section.Epochs > 0)
            {
                Network.Freeze(section.Freeze);
                Network.Freeze([]);
            }
        }
        catch (DwarfException error) when (error.Kind == ErrorKind.Configuration)
        {
            Network.Dispose();
            throw Config.Wrong(key, error.Message);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Network.Dispose();
        Tape.Dispose();
    }
}

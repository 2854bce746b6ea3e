using Dwarf.Model;
using Dwarf.Training.Config;
using Dwarf.Training.Data;
using Engine.Autograd;
using Engine.Tensors;

namespace Dwarf.Training.Runs;

/// <summary>The baseline without maps: all findings at once, cross-entropy alone, on the images and labels that DWARF has.</summary>
public sealed class ClassificationStage : IStage
{
    private const int Stream = 2;
    private readonly Workbench _bench;
    private readonly TrainSection _section;
    private readonly int[] _samples;
    private readonly Tensor _features;

    /// <summary>Creates the stage; text features as in <see cref="DwarfStage"/>.</summary>
    /// <param name="bench">network, data and settings of the run</param>
    public ClassificationStage(Workbench bench)
    {
        _bench = bench;
        _section = bench.Config.Train;
        _samples = bench.Data.Indices(Split.Train, annotatedOnly: true);
        if (_samples.Length == 0)
        {
            throw new DwarfException(ErrorKind.Content, $"{bench.Config.Data.Annotations}: no annotated image is in the training split");
        }

        _features = bench.Features;
        StepsPerEpoch = Math.Max(1, _samples.Length / _section.BatchSize);
        Options = bench.Options(_section);
    }

    /// <inheritdoc/>
    public string Name => "classification";

    /// <inheritdoc/>
    public StageOptions Options { get; }

    /// <inheritdoc/>
    public int StepsPerEpoch { get; }

    /// <inheritdoc/>
    public int Passes(int step) => Window(step).Passes;

    /// <inheritdoc/>
    public StepResult Step(int epoch, int step, int pass)
    {
        var window = Window(step);
        var (skipped, b) = window.Pass(pass);
        int q = _bench.Findings.Count;
        var order = Order.Permutation(_bench.Config.Seed, Stream, epoch, _samples.Length);
        var (tape, network) = (_bench.Tape, _bench.Network);
        var images = tape.OnHost(_bench.ImageShape(b), network.Parameters.ComputeDType);
        var labels = tape.OnHost([b * q], DType.I64);
        for (int i = 0; i < b; i++)
        {
            var sample = _bench.WriteTraining(_samples[order[window.First + skipped + i]], Stream, epoch, images, i, -1, null);
            for (int f = 0; f < q; f++)
            {
                labels.Span<long>()[(i * q) + f] = sample.Shows(f) ? 1 : 0;
            }
        }

        _bench.BeginDropout(Stream, ((long)epoch * StepsPerEpoch) + step, window, pass);
        var (logits, _) = network.Forward(tape, tape.Constant(images), tape.Constant(_features), Prompts.Alone, _bench.Dropout);
        var loss = tape.Keep(tape.CrossEntropy(tape.Reshape(logits, [b * q, 2]), tape.Constant(labels)));
        if (window.Passes > 1)
        {
            loss = tape.Keep(tape.Mul(loss, _bench.Scalar((double)b / window.Count)));
        }

        tape.Backward(loss);
        return new StepResult(loss, loss, null, null);
    }

    private StepWindow Window(int step) => StepWindow.Of(step, _section.BatchSize, _section.Accumulate, _samples.Length);

    /// <inheritdoc/>
    public Validation? Validate(int epoch, bool last) =>
        last || _bench.IsValidated(_section, epoch) ? _bench.ValidateClassification() : null;
}

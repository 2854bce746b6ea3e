using Dwarf.Model;
using Dwarf.Training.Config;
using Dwarf.Training.Data;
using Engine.Tensors;

namespace Dwarf.Training.Runs;

/// <summary>
/// Algorithm 1 of the paper: findings in cycles, one at a time. A finding's set is every annotated training image, labelled yes or no;
/// a step trains the encoder, the decoder and the head of that finding alone, under λ·(1 − FP-weighted Dice) + (1 − λ)·cross-entropy.
/// </summary>
public sealed class DwarfStage : IStage
{
    private const int Stream = 1;
    private readonly Workbench _bench;
    private readonly TrainSection _section;
    private readonly int[] _samples;
    private readonly Tensor[] _features;
    private readonly int _stepsPerFinding;
    private int[] _order = [];
    private (int Epoch, int Finding) _orderOf = (-1, -1);

    /// <summary>Creates the stage; the text features of the prompts are taken from the network as it stands, and stay.</summary>
    /// <param name="bench">network, data and settings of the run</param>
    public DwarfStage(Workbench bench)
    {
        _bench = bench;
        _section = bench.Config.Train;
        _samples = bench.Data.Indices(Split.Train, annotatedOnly: true);
        if (_samples.Length == 0)
        {
            throw new DwarfException(ErrorKind.Content, $"{bench.Config.Data.Annotations}: no annotated image is in the training split");
        }

        _features = [.. bench.Findings.Select((_, f) => bench.FeatureRow(f))];
        _stepsPerFinding = (_samples.Length + _section.BatchSize - 1) / _section.BatchSize;
        StepsPerEpoch = bench.Config.Cycle == Cycle.AllPerEpoch ? _stepsPerFinding * bench.Findings.Count : _stepsPerFinding;
        Options = bench.Options(_section);
    }

    /// <inheritdoc/>
    public string Name => "dwarf";

    /// <inheritdoc/>
    public StageOptions Options { get; }

    /// <inheritdoc/>
    public int StepsPerEpoch { get; }

    /// <summary>
    /// The finding that a step trains: one an epoch in turn, or one after the other within the epoch; the order of each round is drawn.
    /// </summary>
    /// <param name="epoch">from 0</param>
    /// <param name="step">within the epoch</param>
    /// <returns>number of the finding</returns>
    public int FindingOf(int epoch, int step)
    {
        int count = _bench.Findings.Count;
        bool all = _bench.Config.Cycle == Cycle.AllPerEpoch;
        int round = all ? epoch : epoch / count;
        int turn = all ? step / _stepsPerFinding : epoch % count;
        return Order.Permutation(_bench.Config.Seed, Stream + 100, round, count)[turn];
    }

    /// <inheritdoc/>
    public int Passes(int step) => Window(step).Passes;

    /// <inheritdoc/>
    public StepResult Step(int epoch, int step, int pass)
    {
        int finding = FindingOf(epoch, step);
        if (_orderOf != (epoch, finding))
        {
            _order = Order.Permutation(_bench.Config.Seed, Stream + 200 + finding, epoch, _samples.Length);
            _orderOf = (epoch, finding);
        }

        var window = Window(step);
        var (skipped, b) = window.Pass(pass);
        int first = window.First + skipped;
        var (tape, network) = (_bench.Tape, _bench.Network);
        var images = tape.OnHost(_bench.ImageShape(b), network.Parameters.ComputeDType);
        var masks = tape.OnHost([b, _bench.Data.Height, _bench.Data.Width], network.Parameters.DType);
        var labels = tape.OnHost([b], DType.I64);
        for (int i = 0; i < b; i++)
        {
            var sample = _bench.WriteTraining(_samples[_order[first + i]], Stream, epoch, images, i, finding, masks);
            labels.Span<long>()[i] = sample.Shows(finding) ? 1 : 0;
        }

        _bench.BeginDropout(Stream, ((long)epoch * StepsPerEpoch) + step, window, pass);
        var (logits, map) = network.Forward(tape, tape.Constant(images), tape.Constant(_features[finding]), Prompts.Alone, _bench.Dropout);
        string name = _bench.Findings[finding];
        var loss = DwarfLoss.Compute(
            tape, logits, map, labels, masks, network.Head(name), network.Config.Image, _bench.Map, _bench.Loss, Share(window, pass, finding));
        tape.Backward(loss.Total);
        return new StepResult(loss.Total, loss.Classification, loss.Segmentation, name);
    }

    private StepWindow Window(int step) =>
        StepWindow.Of(step % _stepsPerFinding, _section.BatchSize, _section.Accumulate, _samples.Length);

    /// <summary>Means over a step's images are sums over its passes only where each pass counts by what it has of what is averaged over.</summary>
    private PassShare? Share(StepWindow window, int pass, int finding)
    {
        if (window.Passes == 1)
        {
            return null;
        }

        var (skipped, count) = window.Pass(pass);
        long all = Counting(window.First, window.Count, finding), here = Counting(window.First + skipped, count, finding);
        return new PassShare((double)count / window.Count, all == 0 ? 0 : (double)here / all);
    }

    private long Counting(int first, int count, int finding)
    {
        long counting = 0;
        for (int i = first; i < first + count; i++)
        {
            bool shows = _bench.Data.Samples[_samples[_order[i]]].Shows(finding);
            counting += DwarfLoss.Counts(shows ? 1 : 0, _bench.Loss.DiceOn) ? 1 : 0;
        }

        return counting;
    }

    /// <inheritdoc/>
    public Validation? Validate(int epoch, bool last)
    {
        // Between, some findings are an epoch ahead of others: rounds are compared as wholes.
        bool roundEnds = _bench.Config.Cycle == Cycle.AllPerEpoch || (epoch + 1) % _bench.Findings.Count == 0;
        return last || (roundEnds && _bench.IsValidated(_section, epoch)) ? _bench.ValidateMaps() : null;
    }
}

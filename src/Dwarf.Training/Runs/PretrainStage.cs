using Dwarf.Model;
using Dwarf.Training.Config;
using Dwarf.Training.Data;
using Engine.Autograd;
using Engine.Tensors;

namespace Dwarf.Training.Runs;

/// <summary>
/// Pre-training as KAD does it in small: every image is asked every label, each prompt by itself, cross-entropy on the two logits; beside
/// it an image-text contrast, where the image's CLS token must find the texts of its labels among all, and each text its images. Image,
/// text encoder and decoder learn together.
/// </summary>
public sealed class PretrainStage : IStage
{
    private const int Stream = 0;

    /// <summary>CLIP's first temperature, 0.07 (Radford et al. 2021, arXiv:2103.00020), kept fixed.</summary>
    private const double InverseTemperature = 1 / 0.07;

    private readonly Workbench _bench;
    private readonly PretrainSection _section;
    private readonly int[] _labels;
    private readonly int[] _samples;
    private readonly PromptTexts _prompts;
    private int[] _order = [];
    private int _orderEpoch = -1;

    /// <summary>Creates the stage.</summary>
    /// <param name="bench">network, data and settings of the run</param>
    public PretrainStage(Workbench bench)
    {
        _bench = bench;
        _section = bench.Config.Pretrain;
        var names = _section.Labels.Count > 0 ? _section.Labels : bench.Config.Findings;
        names = [.. names.Select(n => n.Replace('_', ' '))];
        _labels = [.. names.Select(n => bench.Data.LabelOf(n) is >= 0 and var label
            ? label
            : throw bench.Config.Wrong(
                "pretrain.labels", $"'{n}' is no label of the data; it has {string.Join(", ", bench.Data.LabelNames)}"))];
        _prompts = PromptTexts.Of(bench.Config, names);
        _samples = bench.Data.Indices(Split.Train);
        Options = bench.Options(_section);
        StepsPerEpoch = Math.Max(1, _samples.Length / _section.BatchSize);
    }

    /// <inheritdoc/>
    public string Name => "pretrain";

    /// <inheritdoc/>
    public StageOptions Options { get; }

    /// <inheritdoc/>
    public int StepsPerEpoch { get; }

    /// <inheritdoc/>
    public int Passes(int step) => Window(step).Passes;

    /// <inheritdoc/>
    public StepResult Step(int epoch, int step, int pass)
    {
        if (_orderEpoch != epoch)
        {
            _order = Order.Permutation(_bench.Config.Seed, Stream, epoch, _samples.Length);
            _orderEpoch = epoch;
        }

        var window = Window(step);
        var (skipped, b) = window.Pass(pass);
        int q = _labels.Length;
        var (tape, network) = (_bench.Tape, _bench.Network);
        var images = tape.OnHost(_bench.ImageShape(b), network.Parameters.ComputeDType);
        var labels = tape.OnHost([b * q], DType.I64);
        for (int i = 0; i < b; i++)
        {
            var sample = _bench.WriteTraining(_samples[_order[window.First + skipped + i]], Stream, epoch, images, i, -1, null);
            for (int k = 0; k < q; k++)
            {
                labels.Span<long>()[(i * q) + k] = sample.Labels[_labels[k]];
            }
        }

        _bench.BeginDropout(Stream, ((long)epoch * StepsPerEpoch) + step, window, pass);
        var loss = Loss(tape, network, images, labels, window.Passes == 1 ? null : Share(window, pass));
        tape.Backward(loss.Total);
        return new StepResult(loss.Total, loss.Classification, null, null);
    }

    /// <inheritdoc/>
    public Validation? Validate(int epoch, bool last) =>
        last || _bench.IsValidated(_section, epoch) ? _bench.ValidateClassification() : null;

    private StepWindow Window(int step) => StepWindow.Of(step, _section.BatchSize, _section.Accumulate, _samples.Length);

    /// <summary>Labels of a pass that are known, over those of its step: cross-entropy is a mean over them.</summary>
    private double Share(StepWindow window, int pass)
    {
        var (skipped, count) = window.Pass(pass);
        long all = Known(window.First, window.Count);
        return all == 0 ? 0 : (double)Known(window.First + skipped, count) / all;
    }

    private long Known(int first, int count)
    {
        long known = 0;
        for (int i = first; i < first + count; i++)
        {
            foreach (int label in _labels)
            {
                known += _bench.Data.Samples[_samples[_order[i]]].Labels[label] == -1 ? 0 : 1;
            }
        }

        return known;
    }

    private (Variable Total, Variable Classification) Loss(
        Tape tape, DwarfNetwork network, Tensor images, Tensor labels, double? share)
    {
        var features = network.Text!.Forward(tape, _prompts.Ids, _prompts.AttentionMask);
        var (patches, pooled) = network.Image.Forward(tape, tape.Constant(images), training: true);
        var queries = network.Decoder.Queries(tape, features);
        var (logits, _) = network.Decoder.Answer(tape, patches, queries, Prompts.Alone, _bench.Dropout);
        var classification = tape.Keep(tape.CrossEntropy(tape.Reshape(tape.Widen(logits), [labels.Count, 2]), tape.Constant(labels)));
        if (share is { } part)
        {
            classification = tape.Keep(tape.Mul(classification, _bench.Scalar(part)));
        }

        if (_section.ContrastWeight == 0)
        {
            return (classification, classification);
        }

        // Several texts may be right for an image, and several images for a text: each counts alike, in both directions.
        var (toTexts, toImages) = Targets(tape, labels, patches.Shape[0]);
        var (image, text) = (tape.Normalize(tape.Widen(pooled)), tape.Normalize(tape.Widen(queries)));
        var scale = _bench.Scalar(InverseTemperature);
        var byImage = tape.SoftCrossEntropy(tape.Mul(tape.Matmul(image, text, transposeB: true), scale), tape.Constant(toTexts));
        var byText = tape.SoftCrossEntropy(tape.Mul(tape.Matmul(text, image, transposeB: true), scale), tape.Constant(toImages));
        var contrast = tape.Mul(tape.Add(byImage, byText), _bench.Scalar(0.5 * _section.ContrastWeight));
        return (tape.Keep(tape.Add(classification, contrast)), classification);
    }

    /// <summary>
    /// [b,q] and [q,b]: each row spreads 1 over its right answers. A label that all or none of the batch's images have says nothing about
    /// which image is meant: its row is left zero, which does not count.
    /// </summary>
    private (Tensor ToTexts, Tensor ToImages) Targets(Tape tape, Tensor labels, long b)
    {
        int q = _labels.Length;
        var dtype = _bench.Network.Parameters.DType;
        var (toTexts, toImages) = (tape.OnHost([b, q], dtype), tape.OnHost([q, b], dtype));
        toTexts.Clear();
        toImages.Clear();
        var shown = labels.Span<long>();
        for (int i = 0; i < b; i++)
        {
            int texts = 0;
            for (int k = 0; k < q; k++)
            {
                texts += shown[(i * q) + k] == 1 ? 1 : 0;
            }

            for (int k = 0; k < q && texts > 0; k++)
            {
                if (shown[(i * q) + k] == 1)
                {
                    Floats.Store([1f / texts], toTexts, (i * q) + k);
                }
            }
        }

        for (int k = 0; k < q; k++)
        {
            int images = 0;
            for (int i = 0; i < b; i++)
            {
                images += shown[(i * q) + k] == 1 ? 1 : 0;
            }

            for (int i = 0; i < b && images > 0 && images < b; i++)
            {
                if (shown[(i * q) + k] == 1)
                {
                    Floats.Store([1f / images], toImages, (k * b) + i);
                }
            }
        }

        return (toTexts, toImages);
    }
}

using Engine.Autograd;
using Engine.Tensors;

namespace Dwarf.Model;

/// <summary>The parts of a loss; values are readable until the tape is reset.</summary>
/// <param name="Total">what backward starts from</param>
/// <param name="Classification">cross-entropy; null where λ is 1</param>
/// <param name="Segmentation">1 − Dice score; null where λ is 0 or no row counts</param>
public readonly record struct LossParts(Variable Total, Variable? Classification, Variable? Segmentation);

/// <summary>What the means over one pass weigh in the means over a step that is made of several.</summary>
/// <param name="Classification">rows with a known label in the pass, over those in the step</param>
/// <param name="Segmentation">rows that count in the Dice part in the pass, over those in the step</param>
public readonly record struct PassShare(double Classification, double Segmentation);

/// <summary>λ · (1 − FP-weighted Dice score) + (1 − λ) · cross-entropy.</summary>
public static class DwarfLoss
{
    /// <summary>Computes the loss of n rows, each an image asked one prompt.</summary>
    /// <param name="tape">records it</param>
    /// <param name="logits">n rows of (no, yes): [n,2], or [b,q,2] with n = b·q</param>
    /// <param name="map">raw maps: [n,hw] or [b,q,hw]; null where λ is 0</param>
    /// <param name="labels">on the host: i64, n elements: 1 yes, 0 no, -1 unknown (counts nowhere)</param>
    /// <param name="masks">on the host: truth, n·h·w elements of the logits' dtype, 0 to 1, the last two axes h and w; null where λ is 0</param>
    /// <param name="head">the refinement head of the one finding asked; null for none</param>
    /// <param name="image">gives the map's grid</param>
    /// <param name="mapConfig">how a map is refined</param>
    /// <param name="config">weights and grid</param>
    /// <param name="share">where the rows are part of a step only: what their means weigh in its means; null: the rows are the step</param>
    /// <returns>the loss; without a row that counts, the Dice part is 0 and gives no gradient at all</returns>
    public static LossParts Compute(
        Tape tape,
        Variable logits,
        Variable? map,
        Tensor labels,
        Tensor? masks,
        RefinementHead? head,
        ImageEncoderConfig image,
        MapConfig mapConfig,
        LossConfig config,
        PassShare? share = null)
    {
        long n = labels.Count;
        if (labels.DType != DType.I64 || logits.Shape.Count != 2 * n)
        {
            throw new ShapeException(
                $"loss: labels must be one i64 a row of logits {logits.Shape}, found {labels.DType.Label()} {labels.Shape}");
        }

        var classification = config.Lambda < 1
            ? tape.Keep(tape.CrossEntropy(tape.Reshape(logits, [n, 2]), tape.Constant(labels.View([n]))))
            : null;
        var segmentation = config.Lambda > 0 && map is not null && masks is not null
            ? Segmentation(tape, tape.Reshape(map, [n, image.Patches]), labels, masks, head, image, mapConfig, config)
            : null;
        if (share is { } part)
        {
            classification = classification is null ? null : Weigh(tape, classification, part.Classification);
            segmentation = segmentation is null ? null : Weigh(tape, segmentation, part.Segmentation);
        }

        if (segmentation is null)
        {
            // A row that counts may come in the next batch: the weight of cross-entropy stays what it is.
            var alone = classification ?? MapRefinement.Scalar(tape, 0, logits.DType);
            return new(Weigh(tape, alone, 1 - config.Lambda), classification, null);
        }

        var total = Weigh(tape, segmentation, config.Lambda);
        if (classification is not null)
        {
            total = tape.Add(total, Weigh(tape, classification, 1 - config.Lambda));
        }

        return new(tape.Keep(total), classification, segmentation);
    }

    private static Variable? Segmentation(
        Tape tape,
        Variable map,
        Tensor labels,
        Tensor masks,
        RefinementHead? head,
        ImageEncoderConfig image,
        MapConfig mapConfig,
        LossConfig config)
    {
        long n = labels.Count;
        if (masks.Shape.Rank < 2 || masks.Count != n * masks.Shape[-1] * masks.Shape[-2] || masks.DType != map.DType)
        {
            throw new ShapeException($"loss: masks must be {map.DType.Label()} [{n},h,w], found {masks.DType.Label()} {masks.Shape}");
        }

        var rows = Counting(tape, labels, config.DiceOn);
        if (rows.Count == 0)
        {
            return null;
        }

        var (height, width) = (masks.Shape[-2], masks.Shape[-1]);
        var truth = MaskRows.Pick(tape, masks, rows, height * width);
        if (rows.Count < n)
        {
            map = tape.Embedding(tape.Constant(rows), map);
        }

        var refined = MapRefinement.Refine(tape, map, head, mapConfig);
        if (config.Grid == LossGrid.Pixels && mapConfig.Space == HeadSpace.Logit)
        {
            var maps = tape.Reshape(refined, [rows.Count, image.GridRows, image.GridColumns]);
            var pixels = tape.Reshape(tape.Constant(truth), [rows.Count, height, width]);
            return tape.Keep(tape.ResizedDice(maps, pixels, config.WFp, config.Alpha, config.Epsilon));
        }

        if (config.Grid == LossGrid.Pixels)
        {
            refined = MapRefinement.Resize(tape, refined, image, height, width);
        }
        else
        {
            truth = MaskRows.Average(tape, truth, height, width, image.GridRows, image.GridColumns);
        }

        var target = tape.Constant(truth);
        return tape.Keep(mapConfig.Space == HeadSpace.Logit
            ? tape.FpWeightedDiceWithLogits(refined, target, config.WFp, config.Alpha, config.Epsilon)
            : tape.FpWeightedDice(MapRefinement.Seen(tape, refined, mapConfig), target, config.WFp, config.Alpha, config.Epsilon));
    }

    /// <summary>The numbers of the rows that count in the Dice part.</summary>
    private static Tensor Counting(Tape tape, Tensor labels, DiceOn rule)
    {
        var all = labels.Span<long>();
        int count = 0;
        foreach (long label in all)
        {
            count += Counts(label, rule) ? 1 : 0;
        }

        var rows = tape.OnHost([count], DType.I64);
        var numbers = rows.Span<long>();
        for (int i = 0, at = 0; i < all.Length; i++)
        {
            if (Counts(all[i], rule))
            {
                numbers[at++] = i;
            }
        }

        return rows;
    }

    /// <summary>Whether a row counts in the Dice part.</summary>
    /// <param name="label">1 yes, 0 no, -1 unknown</param>
    /// <param name="rule">which rows do</param>
    /// <returns>true if it does</returns>
    public static bool Counts(long label, DiceOn rule) => rule == DiceOn.Positives ? label == 1 : label >= 0;

    private static Variable Weigh(Tape tape, Variable loss, double weight)
        => tape.Keep(tape.Mul(loss, MapRefinement.Scalar(tape, weight, loss.DType)));
}

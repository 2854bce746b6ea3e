using Engine.Autograd;
using Engine.Kernels;
using Engine.Tensors;

namespace Dwarf.Model;

/// <summary>What a network says about images, outside training; each tensor has memory of its own.</summary>
/// <param name="Probabilities">[b,q], of the network's dtype: how sure it is that image b shows finding q</param>
/// <param name="Raw">[b,q,h,w], 0 to 1: the attention map, scaled</param>
/// <param name="Refined">[b,q,h,w], 0 to 1: the same through the finding's head; equal to Raw where there is none</param>
public sealed record Prediction(Tensor Probabilities, Tensor Raw, Tensor Refined);

/// <summary>Evaluates a network: one prompt a forward in effect, however many are asked.</summary>
public sealed class Predictor : IDisposable
{
    private readonly DwarfNetwork _network;
    private readonly MapConfig _maps;
    private readonly Tape _tape;

    /// <summary>Creates it.</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="network">stays the caller's</param>
    /// <param name="maps">how a raw map becomes the one that people see</param>
    public Predictor(CpuDevice cpu, DwarfNetwork network, MapConfig maps)
    {
        (_network, _maps) = (network, maps);
        _tape = new Tape(cpu) { Recording = false };
    }

    /// <summary>The text features of prompts.</summary>
    /// <param name="ids">i64 [q,t]</param>
    /// <param name="attentionMask">i64 [q,t]</param>
    /// <returns>[q,d] with memory of its own</returns>
    public Tensor TextFeatures(Tensor ids, Tensor attentionMask)
    {
        var text = _network.Text ?? throw new DwarfException(ErrorKind.Content, "the network has no text encoder");
        var features = text.Forward(_tape, ids, attentionMask).Value.To(_network.Parameters.DType);
        _tape.Reset();
        return features;
    }

    /// <summary>Asks every image every prompt.</summary>
    /// <param name="image">[b,c,h,w], normalised</param>
    /// <param name="features">text features [q,d]</param>
    /// <param name="findings">the finding of each row of features; one without a head keeps its raw map</param>
    /// <param name="height">of the maps; 0 for the patch grid</param>
    /// <param name="width">of the maps; 0 for the patch grid</param>
    /// <returns>probabilities and maps</returns>
    public Prediction Predict(Tensor image, Tensor features, IReadOnlyList<string> findings, long height = 0, long width = 0)
    {
        if (features.Shape.Rank != 2 || features.Shape[0] != findings.Count)
        {
            throw new ShapeException($"predict: expected text features [{findings.Count},d], one row a finding, found {features.Shape}");
        }

        var grid = _network.Config.Image;
        (height, width) = height > 0 && width > 0 ? (height, width) : (grid.GridRows, grid.GridColumns);
        var (logits, map) = _network.Forward(_tape, _tape.Constant(image), _tape.Constant(features));
        var (b, q, dtype) = (logits.Shape[0], logits.Shape[1], logits.DType);
        var result = new Prediction(new Tensor([b, q], dtype), new Tensor([b, q, height, width], dtype), new Tensor([b, q, height, width], dtype));
        Probabilities(logits.Value, result.Probabilities);
        for (int i = 0; i < findings.Count; i++)
        {
            var one = _tape.Reshape(_tape.Slice(map, 1, i, i + 1), [b, map.Shape[2]]);
            Copy(See(one, null, height, width), result.Raw, i);
            var head = _network.Findings.Contains(findings[i]) ? _network.Head(findings[i]) : null;
            Copy(See(one, head, height, width), result.Refined, i);
        }

        _tape.Reset();
        return result;
    }

    /// <inheritdoc/>
    public void Dispose() => _tape.Dispose();

    /// <summary>As the loss sees it: refined on the grid, resized, then brought to 0 to 1.</summary>
    private Tensor See(Variable map, RefinementHead? head, long height, long width)
    {
        var refined = MapRefinement.Refine(_tape, map, head, _maps);
        var grid = _network.Config.Image;
        if ((height, width) != (grid.GridRows, grid.GridColumns))
        {
            refined = MapRefinement.Resize(_tape, refined, grid, height, width);
        }

        return MapRefinement.Seen(_tape, refined, _maps).Value;
    }

    private static unsafe void Copy(Tensor maps, Tensor all, int prompt)
    {
        long size = maps.Shape[1] * maps.DType.Size();
        for (long b = 0; b < maps.Shape[0]; b++)
        {
            byte* to = (byte*)all.Pointer + (((b * all.Shape[1]) + prompt) * size);
            Buffer.MemoryCopy((byte*)maps.Pointer + (b * size), to, size, size);
        }
    }

    /// <summary>Softmax over (no, yes), its second element.</summary>
    private static unsafe void Probabilities(Tensor logits, Tensor probabilities)
    {
        for (long i = 0; i < probabilities.Count; i++)
        {
            if (logits.DType == DType.F64)
            {
                double* z = logits.Data<double>() + (2 * i);
                probabilities.Data<double>()[i] = 1 / (1 + Math.Exp(z[0] - z[1]));
            }
            else
            {
                float* z = logits.Data<float>() + (2 * i);
                probabilities.Data<float>()[i] = (float)(1 / (1 + Math.Exp((double)z[0] - z[1])));
            }
        }
    }
}

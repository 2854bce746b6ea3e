using Dwarf.Model;
using Engine.Autograd;
using Engine.Tensors;

namespace Dwarf.Training.Runs;

/// <summary>What the network says of one image and one finding.</summary>
/// <param name="Probability">of the finding, 0 to 1</param>
/// <param name="RawMap">the scaled attention map at the image's pixels, 0 to 1 under the default scale</param>
/// <param name="RefinedMap">after the finding's head; null where it has none or no map was asked for</param>
public sealed record Answer(double Probability, float[] RawMap, float[]? RefinedMap);

/// <summary>Writes an image, normalised, as the network takes it.</summary>
/// <param name="index">which</param>
/// <param name="image">[3,h,w], to be written</param>
public delegate void ImageWriter(int index, float[] image);

/// <summary>Runs a network over images without recording: one prompt a forward pass, in batches whose size changes no bit.</summary>
public sealed class Inference
{
    private readonly DwarfNetwork _network;
    private readonly Tape _tape;
    private readonly MapConfig _map;
    private readonly int _batch;
    private readonly CancellationToken _stop;

    /// <summary>Creates it.</summary>
    /// <param name="network">the network</param>
    /// <param name="tape">gives memory; reset after each batch</param>
    /// <param name="map">how maps are scaled and refined</param>
    /// <param name="batch">images at once</param>
    /// <param name="stop">looked at before each batch; <see cref="OperationCanceledException"/> then</param>
    public Inference(DwarfNetwork network, Tape tape, MapConfig map, int batch, CancellationToken stop = default) =>
        (_network, _tape, _map, _batch, _stop) = (network, tape, map, batch, stop);

    /// <summary>Text features of prompts.</summary>
    /// <param name="ids">i64 [q,t]</param>
    /// <param name="attentionMask">i64 [q,t]</param>
    /// <returns>[q,d], in host memory of its own</returns>
    public Tensor TextFeatures(Tensor ids, Tensor attentionMask)
    {
        var text = _network.Text
            ?? throw new DwarfException(ErrorKind.Content, "the network has no text encoder and no stored text features");
        return Quietly(() => text.Forward(_tape, ids, attentionMask).Value.CopyTo(null));
    }

    /// <summary>Asks every image every prompt.</summary>
    /// <param name="count">number of images</param>
    /// <param name="write">writes image i, normalised, [3,h,w], into the span</param>
    /// <param name="features">text features [q,d]</param>
    /// <param name="findings">q names; one that has a head gets a refined map</param>
    /// <param name="maps">whether maps are wanted</param>
    /// <param name="peak">told how many bytes the batches took</param>
    /// <returns>answers by finding, then image</returns>
    public Answer[][] Ask(int count, ImageWriter write, Tensor features, IReadOnlyList<string> findings, bool maps, Action<long>? peak = null)
    {
        var image = _network.Config.Image;
        int pixels = image.Size * image.Across;
        var result = findings.Select(_ => new Answer[count]).ToArray();
        var buffer = new float[image.Channels * pixels];
        _tape.Trim();
        for (int start = 0; start < count; start += _batch)
        {
            _stop.ThrowIfCancellationRequested();
            int b = Math.Min(_batch, count - start);
            if (b < _batch && start > 0)
            {
                _tape.Trim();
            }

            Quietly(() =>
            {
                var batch = _tape.OnHost([b, image.Channels, image.Size, image.Across], _network.Parameters.ComputeDType);
                Fill(batch, buffer, start, b, write);
                AskBatch(batch, start, features, findings, maps, result);
                return 0;
            });
        }

        peak?.Invoke(_tape.TouchedBytes);
        _tape.Trim();
        return result;
    }

    private static void Fill(Tensor batch, float[] buffer, int start, int count, ImageWriter write)
    {
        for (int i = 0; i < count; i++)
        {
            write(start + i, buffer);
            Floats.Store(buffer, batch, (long)i * buffer.Length);
        }
    }

    private void AskBatch(Tensor batch, int start, Tensor features, IReadOnlyList<string> findings, bool maps, Answer[][] result)
    {
        int b = (int)batch.Shape[0], pixels = (int)(batch.Shape[2] * batch.Shape[3]);
        var (logits, map) = _network.Forward(_tape, _tape.Constant(batch), _tape.Constant(features));
        var chance = Floats.Load(_tape.Softmax(logits).Value);
        for (int q = 0; q < findings.Count; q++)
        {
            var (raw, refined) = maps ? Maps(map, q, b, findings[q]) : (null, null);
            for (int i = 0; i < b; i++)
            {
                result[q][start + i] = new Answer(
                    chance[(((i * findings.Count) + q) * 2) + 1],
                    raw is null ? [] : raw.AsSpan(i * pixels, pixels).ToArray(),
                    refined?.AsSpan(i * pixels, pixels).ToArray());
            }
        }
    }

    private (float[] Raw, float[]? Refined) Maps(Variable map, int query, int b, string finding)
    {
        var image = _network.Config.Image;
        var one = _tape.Reshape(_tape.Slice(map, 1, query, query + 1), [b, image.Patches]);
        var raw = MapRefinement.Resize(_tape, _tape.ScaleMap(one, _map.Scale), image, image.Size, image.Across);
        if (!_network.Findings.Contains(finding))
        {
            return (Floats.Load(raw.Value), null);
        }

        var refined = MapRefinement.Refine(_tape, one, _network.Head(finding), _map);
        var resized = MapRefinement.Resize(_tape, refined, image, image.Size, image.Across);
        var seen = MapRefinement.Seen(_tape, resized, _map);
        return (Floats.Load(raw.Value), Floats.Load(seen.Value));
    }

    private T Quietly<T>(Func<T> work)
    {
        bool recording = _tape.Recording;
        _tape.Recording = false;
        try
        {
            return work();
        }
        finally
        {
            _tape.Recording = recording;
            _tape.Reset();
        }
    }
}

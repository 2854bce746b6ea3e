using System.Globalization;
using System.Text.RegularExpressions;

namespace Dwarf.Training.Runs;

/// <summary>Layer-wise decay of the learning rate: blocks of an encoder learn the slower the further they are from its end.</summary>
/// <remarks>
/// As BEiT (Bao et al. 2022, arXiv:2106.08254) and MAE (He et al. 2022, arXiv:2111.06377) fine-tune: of n blocks, block i counted from 0 has
/// the factor decay^(n - i), the embeddings below it decay^(n + 1), all after the blocks 1. Both encoders have depths of their own.
/// </remarks>
public sealed partial class LayerDecay
{
    private readonly double _decay;
    private readonly Dictionary<string, int> _blocks = [];

    /// <summary>Counts the blocks of each encoder.</summary>
    /// <param name="names">of all parameters</param>
    /// <param name="decay">above 0, at most 1; 1 makes no difference</param>
    public LayerDecay(IEnumerable<string> names, double decay)
    {
        _decay = decay;
        foreach (string name in names)
        {
            if (BlockOf(name) is >= 0 and var block)
            {
                string encoder = EncoderOf(name);
                _blocks[encoder] = Math.Max(_blocks.GetValueOrDefault(encoder), block + 1);
            }
        }
    }

    /// <summary>How many blocks lie between a parameter and its encoder's end, itself included.</summary>
    /// <param name="name">of the parameter</param>
    /// <returns>0 behind the blocks and outside of encoders</returns>
    public int DepthOf(string name) =>
        !_blocks.TryGetValue(EncoderOf(name), out int blocks) ? 0
        : BlockOf(name) is >= 0 and var block ? blocks - block
        : Embedding().IsMatch(name) ? blocks + 1
        : 0;

    /// <summary>What multiplies the learning rate of a parameter.</summary>
    /// <param name="name">of the parameter</param>
    /// <returns>decay to the power of its depth</returns>
    public double FactorOf(string name) => Math.Pow(_decay, DepthOf(name));

    /// <summary>The factors by encoder, from the embeddings to the last block.</summary>
    /// <returns>one line an encoder; none where no rate differs</returns>
    public IEnumerable<string> Table()
    {
        if (_decay == 1)
        {
            yield break;
        }

        foreach (var (encoder, blocks) in _blocks)
        {
            var factors = Enumerable.Range(0, blocks).Select(b => Math.Pow(_decay, blocks - b));
            yield return string.Create(CultureInfo.InvariantCulture, $"learning rates of {encoder}: embeddings ×{Math.Pow(_decay, blocks + 1):G3}, blocks ")
                + string.Join(' ', factors.Select(f => string.Create(CultureInfo.InvariantCulture, $"×{f:G3}"))) + ", the rest ×1";
        }
    }

    private static string EncoderOf(string name) => name.Split('.')[0];

    private static int BlockOf(string name)
    {
        var match = Block().Match(name);
        if (!match.Success)
        {
            return -1;
        }

        int number = int.Parse(match.Groups[2].ValueSpan, CultureInfo.InvariantCulture);
        return match.Groups[1].ValueSpan is not "res_features" ? number : number < 4 ? -1 : number - 4;
    }

    [GeneratedRegex(@"^(?:image|text)_encoder\.(?:[a-z_]+\.)?(encoder\.layer|transformer\.blocks|res_features)\.([0-9]{1,6})\.")]
    private static partial Regex Block();

    [GeneratedRegex(@"\.(embeddings|class_token|positional_embedding|patch_embedding|res_features\.[0-3])(\.|\z)")]
    private static partial Regex Embedding();
}

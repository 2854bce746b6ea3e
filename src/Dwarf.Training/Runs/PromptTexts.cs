using Dwarf.Model.Text;
using Dwarf.Training.Config;
using Engine.Tensors;

namespace Dwarf.Training.Runs;

/// <summary>Prompts as the text encoder reads them.</summary>
/// <param name="Ids">i64 [q,t], [CLS] … [SEP], padded with [PAD]</param>
/// <param name="AttentionMask">i64 [q,t]: 1 where a token is</param>
public sealed record PromptTexts(Tensor Ids, Tensor AttentionMask)
{
    /// <summary>Tokenises the prompt of each finding.</summary>
    /// <param name="config">gives the vocabulary, the longest text, and prompts other than the finding's name</param>
    /// <param name="findings">names, with spaces</param>
    /// <returns>one row a finding, as long as the longest</returns>
    public static PromptTexts Of(RunConfig config, IReadOnlyList<string> findings)
    {
        var tokenizer = WordPiece.Load(config.Model.Text.Vocab);
        return Of(tokenizer, [.. findings.Select(f => config.Prompts.GetValueOrDefault(f, f))], config.Model.Text.MaxLength);
    }

    /// <summary>Tokenises texts.</summary>
    /// <param name="tokenizer">the vocabulary</param>
    /// <param name="texts">one a row</param>
    /// <param name="maxLength">tokens, [CLS] and [SEP] included</param>
    /// <returns>as long as the longest</returns>
    public static PromptTexts Of(WordPiece tokenizer, IReadOnlyList<string> texts, int maxLength)
    {
        var (ids, mask) = tokenizer.Batch(texts, maxLength);
        return new PromptTexts(ids, mask);
    }
}

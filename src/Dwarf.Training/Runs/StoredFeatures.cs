using Dwarf.Model.Weights;
using Dwarf.Training.Config;
using Engine.Tensors;

namespace Dwarf.Training.Runs;

/// <summary>Weights without a text encoder bring the text features of their prompts instead.</summary>
internal static class StoredFeatures
{
    /// <summary>The features that a run lives on.</summary>
    /// <param name="config">names the weights to start from, the findings and their prompts</param>
    /// <returns>[f,d] in the order of the run's findings; null where the network has a text encoder of its own</returns>
    public static Tensor? Of(RunConfig config)
    {
        if (config.Weights is not { } path || WeightsFile.ReadFeatures(path, config.Dtype) is not { } stored)
        {
            return null;
        }

        if (config.Pretrain.Epochs > 0)
        {
            throw config.Wrong("pretrain.epochs", $"pre-training needs a text encoder; {path} has none, only the text features of its prompts");
        }

        var (info, features) = stored;
        var rows = new Tensor([config.Findings.Count, features.Shape[1]], features.DType);
        for (int f = 0; f < config.Findings.Count; f++)
        {
            string finding = config.Findings[f], prompt = config.Prompts.GetValueOrDefault(finding, finding);
            int row = info.Prompts.ToList().IndexOf(prompt);
            if (row < 0)
            {
                throw config.Wrong("weights", $"{path} has no text encoder and no text features of '{prompt}'{Nearest.Hint(prompt, [.. info.Prompts])}");
            }

            int bytes = (int)(rows.Bytes / config.Findings.Count);
            features.ByteSpan((long)row * bytes, bytes).CopyTo(rows.ByteSpan((long)f * bytes, bytes));
        }

        return rows;
    }
}

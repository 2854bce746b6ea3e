using System.CommandLine;
using Dwarf.Training.Data;

namespace Dwarf.Cli.Verbs;

/// <summary>
/// Size, area and box of every mask of a CheXlocalize file. The result is JSON with and without --json: it is meant for programs.
/// </summary>
internal sealed class DataMasks : Verb
{
    private readonly Argument<string> _truth = new("TRUTH.json") { Description = "CheXlocalize's truth: contours or COCO run lengths" };

    public override string Name => "data masks";

    public override string Summary => "Prints size, area and box of every mask of a CheXlocalize file";

    public override IReadOnlyList<Symbol> Parameters => [_truth];

    public override int Run(VerbContext context)
    {
        var pictures = new Dictionary<string, Dictionary<string, TruthSummary>>(StringComparer.Ordinal);
        foreach (TruthEntry entry in CheXlocalizeTruth.Load(context.Get(_truth)))
        {
            if (!pictures.TryGetValue(entry.Id, out Dictionary<string, TruthSummary>? picture))
            {
                pictures.Add(entry.Id, picture = new(StringComparer.Ordinal));
            }

            picture.Add(entry.Pathology, entry.Summarise());
        }

        context.WriteJson(pictures);
        return 0;
    }
}

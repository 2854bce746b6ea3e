using System.Globalization;
using Engine.Tensors.Safetensors;

namespace Dwarf.Model.Weights;

/// <summary>What became of a weight file's tensors.</summary>
/// <param name="Loaded">weights of the network that the file gave</param>
/// <param name="Expected">weights of the network</param>
/// <param name="Aliases">tensors that repeat a weight under another name</param>
/// <param name="Ignored">tensors that the network has no use for, each a line of <see cref="KeyMap.IgnoredNames"/>, by their names in the file</param>
/// <param name="Kept">parts that the file does not hold and that keep their values</param>
public sealed record LoadReport(
    int Loaded, int Expected, int Aliases, IReadOnlyList<(string Name, string Pattern)> Ignored, IReadOnlyList<string> Kept)
{
    private const int Named = 3;

    /// <summary>Weights that hold NaN or infinity: formats allow it, a network seldom survives it.</summary>
    public IReadOnlyList<string> NotFinite { get; init; } = [];

    /// <summary>In one line: "loaded 412 of 412, ignored 3: …".</summary>
    public override string ToString()
    {
        string text = string.Create(CultureInfo.InvariantCulture, $"loaded {Loaded} of {Expected}");
        if (Aliases > 0)
        {
            text += string.Create(CultureInfo.InvariantCulture, $", {Aliases} of them twice");
        }

        if (Ignored.Count > 0)
        {
            var groups = Ignored.GroupBy(i => i.Pattern).Select(g => g.Count() <= Named
                ? string.Join(", ", g.Select(i => SafetensorsFile.Printable(i.Name)))
                : string.Create(CultureInfo.InvariantCulture, $"{g.Key} ({g.Count()})"));
            text += string.Create(CultureInfo.InvariantCulture, $", ignored {Ignored.Count}: {string.Join(", ", groups)}");
        }

        if (NotFinite.Count > 0)
        {
            string more = NotFinite.Count > Named ? string.Create(CultureInfo.InvariantCulture, $" and {NotFinite.Count - Named} more") : "";
            text += $"; warning: NaN or infinity in {string.Join(", ", NotFinite.Take(Named))}{more}";
        }

        return Kept.Count == 0 ? text : $"{text}; not in the file, kept as they are: {string.Join(", ", Kept)}";
    }
}

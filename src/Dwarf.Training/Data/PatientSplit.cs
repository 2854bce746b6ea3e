using Dwarf.Model;

namespace Dwarf.Training.Data;

/// <summary>Sets training patients aside to choose on.</summary>
public static class PatientSplit
{
    /// <summary>
    /// Draws patients by a hash of seed and name, so that the choice depends neither on the order of the files nor on other patients'
    /// names. Patients with outlined pictures are drawn apart from the others, so that both kinds are there to choose on. A patient with
    /// very many pictures (over a tenth of the part that is set aside) stays in training: choosing on him would be choosing for him.
    /// </summary>
    /// <param name="patients">patient, how many pictures, and whether any of them is outlined</param>
    /// <param name="fraction">share of each kind, rounded to whole patients</param>
    /// <param name="seed">another seed draws others</param>
    /// <returns>the patients set aside</returns>
    public static IReadOnlySet<string> Draw(IReadOnlyDictionary<string, (int Pictures, bool Outlined)> patients, double fraction, long seed)
    {
        var drawn = new HashSet<string>(StringComparer.Ordinal);
        double most = Math.Max(3, fraction * patients.Values.Sum(patient => patient.Pictures) / 10);
        foreach (var kind in patients.GroupBy(patient => patient.Value.Outlined))
        {
            int count = (int)Math.Round(fraction * kind.Count(), MidpointRounding.AwayFromZero);
            drawn.UnionWith(kind
                .Where(patient => patient.Value.Pictures <= most)
                .Select(patient => patient.Key)
                .OrderBy(name => CounterRandom.Key(seed, name))
                .ThenBy(name => name, StringComparer.Ordinal)
                .Take(count));
        }

        return drawn;
    }
}

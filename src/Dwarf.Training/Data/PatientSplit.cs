using Dwarf.Model;

namespace Dwarf.Training.Data;

/// <summary>Sets training patients aside to choose on.</summary>
public static class PatientSplit
{
    /// <summary>
    /// Draws patients by a hash of seed and name, so that the choice depends neither on the order of the files nor on other patients'
    /// names. Patients with outlined pictures are drawn apart from the others, so that both kinds are there to choose on.
    /// </summary>
    /// <param name="patients">patient, and whether any picture of theirs is outlined</param>
    /// <param name="fraction">share of each kind, rounded to whole patients</param>
    /// <param name="seed">another seed draws others</param>
    /// <returns>the patients set aside</returns>
    public static IReadOnlySet<string> Draw(IReadOnlyDictionary<string, bool> patients, double fraction, long seed)
    {
        var drawn = new HashSet<string>(StringComparer.Ordinal);
        foreach (var kind in patients.GroupBy(patient => patient.Value))
        {
            int count = (int)Math.Round(fraction * kind.Count(), MidpointRounding.AwayFromZero);
            drawn.UnionWith(kind
                .Select(patient => patient.Key)
                .OrderBy(name => CounterRandom.Key(seed, name))
                .ThenBy(name => name, StringComparer.Ordinal)
                .Take(count));
        }

        return drawn;
    }
}

using System.Globalization;
using Engine.Tensors;

namespace Dwarf.Training.Metrics;

/// <summary>Refuses NaN and infinity by name: a comparison with NaN is false, so a metric would swallow it.</summary>
internal static class Finite
{
    public static void Require(ReadOnlySpan<double> values, string what, IReadOnlyList<string>? names = null)
    {
        for (var i = 0; i < values.Length; i++)
        {
            if (!double.IsFinite(values[i]))
            {
                throw Error(what, names is null ? Place(i) : names[i], values[i]);
            }
        }
    }

    public static void Require(ReadOnlySpan<float> values, string what)
    {
        for (var i = 0; i < values.Length; i++)
        {
            if (!float.IsFinite(values[i]))
            {
                throw Error(what, Place(i), values[i]);
            }
        }
    }

    private static string Place(int i) => string.Create(CultureInfo.InvariantCulture, $"item {i}");

    private static DwarfException Error(string what, string place, double value) => new(
        ErrorKind.Content,
        string.Create(CultureInfo.InvariantCulture, $"{what}: {place} is {(double.IsNaN(value) ? "NaN" : "infinite")}, expected a finite number"));
}

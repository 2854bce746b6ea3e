namespace Dwarf.Training.Report;

/// <summary>
/// Colours of a map value: from near black over violet, red and orange to pale yellow. Lightness rises all the way, so the order of
/// values survives grey print and colour blindness (which the rainbow does not).
/// </summary>
public static class HeatColours
{
    private static readonly (double R, double G, double B)[] s_anchors =
        [(12, 8, 38), (86, 22, 112), (184, 54, 92), (246, 136, 22), (252, 250, 170)];

    /// <summary>The colour of a value; below 0 and above 1 the ends.</summary>
    public static (byte R, byte G, byte B) Of(double value)
    {
        var place = Math.Clamp(value, 0, 1) * (s_anchors.Length - 1);
        var lower = Math.Min((int)place, s_anchors.Length - 2);
        var share = place - lower;
        var (a, b) = (s_anchors[lower], s_anchors[lower + 1]);
        return (Mix(a.R, b.R), Mix(a.G, b.G), Mix(a.B, b.B));

        byte Mix(double from, double to) => (byte)Math.Round(from + (share * (to - from)));
    }

    /// <summary>How much of the colour covers the X-ray: it grows with the value, so that lung without attention stays visible.</summary>
    public static double Opacity(double value) => 0.85 * Math.Clamp(value, 0, 1);
}

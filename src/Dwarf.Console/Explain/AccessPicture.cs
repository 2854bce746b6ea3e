using System.Globalization;
using System.Text;
using Engine.Kernels;

namespace Dwarf.Cli.Explain;

/// <summary>Draws one warp instruction as SVG: the lanes above, the memory that they touch below, a line from each lane to its bytes.</summary>
public static class AccessPicture
{
    private const int Width = 920;
    private const int Left = 12;
    private const int Lanes = 32;
    private const double Step = (Width - (2.0 * Left)) / Lanes;
    private const int LaneTop = 18;
    private const int Cell = 18;
    private const int MemoryTop = 120;

    /// <summary>Draws a sample.</summary>
    /// <param name="sample">of global or shared memory</param>
    /// <returns>an svg element</returns>
    public static string Draw(AccessSample sample)
    {
        var svg = new StringBuilder();
        int height = sample.IsShared() ? MemoryTop + (Cell * sample.Passes()) + 26 : MemoryTop + Cell + 30;
        svg.Append(CultureInfo.InvariantCulture, $"<svg viewBox=\"0 0 {Width} {height}\" role=\"img\" aria-label=\"{Verdict(sample)}\">");
        Text(svg, Left, 12, "lanes 0 to 31 of one warp");
        if (sample.IsShared())
        {
            DrawBanks(svg, sample);
        }
        else
        {
            DrawSectors(svg, sample);
        }

        for (int lane = 0; lane < sample.Addresses.Count; lane++)
        {
            string colour = sample.Addresses[lane] is null ? "#d8dde3" : Colour(lane);
            Box(svg, Left + (lane * Step), LaneTop, Step - 2, colour);
        }

        return svg.Append("</svg>").ToString();
    }

    /// <summary>What the picture shows, in words.</summary>
    /// <param name="sample">the instruction</param>
    /// <returns>one line</returns>
    public static string Verdict(AccessSample sample)
    {
        string what = $"{Kind(sample)} of {sample.Bytes} B by {sample.Active()} lanes";
        if (sample.IsShared())
        {
            int passes = sample.Passes();
            return $"{what}: {passes} of shared memory's passes (least {sample.IdealPasses()}), "
                + (passes <= sample.IdealPasses() ? "no bank conflict" : $"{passes}-way conflict in the fullest bank");
        }

        var (found, least) = (sample.Sectors().Count, sample.IdealSectors());
        return $"{what}: {found} sectors of 32 B (least {least}), "
            + (found <= least ? "coalesced" : string.Create(CultureInfo.InvariantCulture, $"{(double)found / least:0.#} times what is needed"));
    }

    private static string Name(AccessSample sample) => System.Net.WebUtility.HtmlEncode(sample.Object.Length > 0 ? sample.Object : "the allocation");

    private static string Kind(AccessSample sample) => sample.Access switch { "write" => "store", "atomic" => "atomic", _ => "load" };

    private static void DrawSectors(StringBuilder svg, AccessSample sample)
    {
        var sectors = sample.Sectors();
        double step = Math.Min((Width - (2.0 * Left)) / Math.Max(1, sectors.Count), 4 * Step);
        var place = new Dictionary<long, double>();
        for (int i = 0; i < sectors.Count; i++)
        {
            place[sectors[i]] = Left + (i * step);
        }

        for (int lane = 0; lane < sample.Addresses.Count; lane++)
        {
            if (sample.Addresses[lane] is { } address)
            {
                long sector = address / AccessFigures.SectorBytes;
                double inside = (address % AccessFigures.SectorBytes) + (sample.Bytes / 2.0);
                Line(svg, lane, place[sector] + (Math.Min(inside, 31) / AccessFigures.SectorBytes * (step - 2)), MemoryTop);
            }
        }

        for (int i = 0; i < sectors.Count; i++)
        {
            // A gap in the numbers is a gap in memory: its right neighbour starts with a thick edge.
            bool gap = i > 0 && sectors[i] != sectors[i - 1] + 1;
            Box(svg, place[sectors[i]], MemoryTop, step - 2, "#4a5568");
            Used(svg, sample, sectors[i], place[sectors[i]], step - 2);
            if (gap)
            {
                Box(svg, place[sectors[i]] - 2, MemoryTop, 2, "#d1242f");
            }
        }

        Text(svg, Left, MemoryTop + Cell + 14, sectors.Count == 0 ? "no memory" : string.Create(
            CultureInfo.InvariantCulture,
            $"sectors of 32 bytes, byte {sectors[0] * 32} to {(sectors[^1] * 32) + 31} of {Name(sample)}; light: bytes that a lane asked for; red edge: a gap"));
    }

    /// <summary>The bytes of a sector that somebody asked for: what lies beside them is moved for nothing.</summary>
    private static void Used(StringBuilder svg, AccessSample sample, long sector, double x, double width)
    {
        long first = sector * AccessFigures.SectorBytes;
        foreach (long address in sample.Addresses.OfType<long>().Where(a => a < first + AccessFigures.SectorBytes && a + sample.Bytes > first).Distinct())
        {
            double from = Math.Max(address, first) - first, to = Math.Min(address + sample.Bytes, first + AccessFigures.SectorBytes) - first;
            double left = x + (from / AccessFigures.SectorBytes * width);
            svg.Append(CultureInfo.InvariantCulture,
                $"<rect x=\"{left:F1}\" y=\"{MemoryTop + 3}\" width=\"{(to - from) / AccessFigures.SectorBytes * width:F1}\" height=\"{Cell - 6}\" fill=\"#9fd3ff\"/>");
        }
    }

    private static void DrawBanks(StringBuilder svg, AccessSample sample)
    {
        var banks = sample.BankWords();
        for (int lane = 0; lane < sample.Addresses.Count; lane++)
        {
            if (sample.Addresses[lane] is { } address)
            {
                Line(svg, lane, Left + (address / 4 % AccessFigures.Banks * Step) + (Step / 2), MemoryTop);
            }
        }

        for (int bank = 0; bank < AccessFigures.Banks; bank++)
        {
            for (int word = 0; word < Math.Max(1, banks[bank].Count); word++)
            {
                string colour = banks[bank].Count == 0 ? "#d8dde3" : word == 0 ? "#2f9e62" : "#d1242f";
                Box(svg, Left + (bank * Step), MemoryTop + (word * Cell), Step - 2, colour);
            }
        }

        int most = Math.Max(1, banks.Max(b => b.Count));
        Text(svg, Left, MemoryTop + (Cell * most) + 14, "banks 0 to 31, one cell for each different word asked of a bank; every row is one pass");
    }

    private static string Colour(int lane) => string.Create(CultureInfo.InvariantCulture, $"hsl({lane * 300 / 31} 65% 48%)");

    private static void Line(StringBuilder svg, int lane, double x, double y) => svg.Append(CultureInfo.InvariantCulture,
        $"<line x1=\"{Left + (lane * Step) + (Step / 2) - 1:F1}\" y1=\"{LaneTop + Cell}\" x2=\"{x:F1}\" y2=\"{y:F1}\" stroke=\"{Colour(lane)}\" stroke-width=\"1.2\"/>");

    private static void Box(StringBuilder svg, double x, double y, double width, string colour) => svg.Append(CultureInfo.InvariantCulture,
        $"<rect x=\"{x:F1}\" y=\"{y:F1}\" width=\"{Math.Max(1, width):F1}\" height=\"{Cell - 2}\" fill=\"{colour}\"/>");

    private static void Text(StringBuilder svg, double x, double y, string text) => svg.Append(CultureInfo.InvariantCulture,
        $"<text x=\"{x:F1}\" y=\"{y:F1}\">{text}</text>");
}

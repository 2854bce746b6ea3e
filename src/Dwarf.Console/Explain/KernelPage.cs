using System.Globalization;
using System.Net;
using System.Text;
using Engine.Kernels;

namespace Dwarf.Cli.Explain;

/// <summary>Launches as one HTML page without network: figures, source with its traffic, and a picture of every line that touches memory.</summary>
public static class KernelPage
{
    private const string Style = """
        :root { color-scheme: light; } * { box-sizing: border-box; }
        body { margin: 0; font: 15px/1.5 system-ui, "Segoe UI", Roboto, sans-serif; color: #1b1f24; background: #fff; }
        main { max-width: 1060px; margin: 0 auto; padding: 28px 20px 60px; }
        h1 { font-size: 26px; margin: 0 0 4px; } h2 { font-size: 20px; margin: 40px 0 8px; padding-top: 14px; border-top: 1px solid #d9dee3; }
        h3 { font-size: 14px; margin: 22px 0 4px; } p { margin: 6px 0; max-width: 80ch; } .soft { color: #5c6670; }
        .tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(186px, 1fr)); gap: 10px; margin: 14px 0; }
        .tile { border: 1px solid #d9dee3; border-radius: 8px; padding: 10px 12px; background: #f5f7f9; font-size: 13px; color: #5c6670; }
        .tile b { display: block; font-size: 21px; color: #1b1f24; } .good { border-left: 5px solid #2f9e62; } .bad { border-left: 5px solid #d1242f; }
        table { border-collapse: collapse; width: 100%; font-size: 13px; font-variant-numeric: tabular-nums; }
        th, td { text-align: right; padding: 2px 8px; border-bottom: 1px solid #eceff2; white-space: nowrap; } th { color: #5c6670; font-weight: 600; }
        td.code { text-align: left; font-family: ui-monospace, monospace; white-space: pre; max-width: 560px; overflow: hidden; text-overflow: ellipsis; }
        tr.bad td { background: #fdecea; } figure { margin: 10px 0 22px; } figcaption { font-size: 13px; color: #5c6670; }
        svg { width: 100%; height: auto; border: 1px solid #eceff2; border-radius: 6px; } svg text { font: 11px system-ui, sans-serif; fill: #5c6670; }
        """;

    /// <summary>Writes the page.</summary>
    /// <param name="title">what was explained</param>
    /// <param name="launches">in the order of their run</param>
    /// <returns>the whole document</returns>
    public static string Write(string title, IReadOnlyList<Explained> launches)
    {
        var html = new StringBuilder();
        html.Append(CultureInfo.InvariantCulture, $"<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{Text(title)}</title>");
        html.Append(CultureInfo.InvariantCulture, $"<style>{Style}</style></head><body><main><h1>{Text(title)}</h1>");
        html.Append("""
            <p class="soft">Counted on the SIMT emulator: what the lanes of each warp ask of memory. No caches and no time: a GPU's speed
            is not measured here. Global memory moves sectors of 32 bytes; shared memory has 32 banks of 4 bytes and delivers one word
            of each bank a pass.</p>
            """);
        foreach (var launch in launches)
        {
            Launch(html, launch);
        }

        return html.Append("</main></body></html>\n").ToString();
    }

    private static void Launch(StringBuilder html, Explained explained)
    {
        var (launch, counters) = (explained.Launch, explained.Launch.Counters);
        html.Append(CultureInfo.InvariantCulture, $"<h2>{Text(launch.Kernel)}</h2><p>{Text(explained.Header?.Summary ?? "")}</p><p class=\"soft\">{Text(explained.Case)}</p>");
        html.Append(CultureInfo.InvariantCulture, $"<p class=\"soft\">{Text(Path.GetFileName(launch.File))} · grid {launch.Grid} · block {launch.Block} · ");
        html.Append(CultureInfo.InvariantCulture, $"{launch.SharedBytes} B of shared memory · {Text(explained.Residency)}</p><div class=\"tiles\">");
        Tile(html, Bytes(counters.GlobalBytesRead), "read" + Against(explained.ReadRatio), Fits(explained.ReadRatio));
        Tile(html, Bytes(counters.GlobalBytesWritten), "written" + Against(explained.WriteRatio), Fits(explained.WriteRatio));
        Tile(html, Times(explained.SectorRatio), $"sectors moved over the least ({counters.GlobalSectors} of {counters.IdealGlobalSectors})", explained.SectorRatio <= 1.05);
        Tile(html, Times(explained.PassRatio), $"shared passes over the least ({counters.SharedPasses} of {counters.IdealSharedPasses})", explained.PassRatio <= 1.05);
        Tile(html, counters.LaneOccupancy.ToString("P0", CultureInfo.InvariantCulture), "of lanes take part in a memory instruction", counters.LaneOccupancy >= 0.9);
        Tile(html, counters.Barriers.ToString("N0", CultureInfo.InvariantCulture), "barriers passed by blocks", null);
        html.Append("</div>");
        Lines(html, explained);
        foreach (var line in launch.Lines.Where(l => l.Samples.Count > 0))
        {
            html.Append(CultureInfo.InvariantCulture, $"<h3>{Place(explained, line)}: <code>{Text(SourceLine(explained, line).Trim())}</code></h3>");
            foreach (var sample in line.Samples)
            {
                html.Append(CultureInfo.InvariantCulture, $"<figure>{AccessPicture.Draw(sample)}<figcaption>block {sample.Block}, warp {sample.Warp}: {Text(AccessPicture.Verdict(sample))}</figcaption></figure>");
            }
        }
    }

    private static void Lines(StringBuilder html, Explained explained)
    {
        html.Append("<table><thead><tr><th>line</th><th style=\"text-align:left\">source</th><th>read</th><th>written</th><th>sectors / least</th><th>passes / least</th><th>lanes</th></tr></thead><tbody>");
        foreach (var line in explained.Launch.Lines.Where(l => l.Counters.MemoryInstructions > 0))
        {
            var c = line.Counters;
            double sectors = Explained.Ratio(c.GlobalSectors, c.IdealGlobalSectors), passes = Explained.Ratio(c.SharedPasses, c.IdealSharedPasses);
            html.Append(CultureInfo.InvariantCulture, $"<tr{(sectors > 1.05 || passes > 1.05 ? " class=\"bad\"" : "")}><td>{Place(explained, line)}</td>");
            html.Append(CultureInfo.InvariantCulture, $"<td class=\"code\">{Text(SourceLine(explained, line))}</td><td>{Bytes(c.GlobalBytesRead)}</td><td>{Bytes(c.GlobalBytesWritten)}</td>");
            html.Append(CultureInfo.InvariantCulture, $"<td>{(c.IdealGlobalSectors == 0 ? "" : Times(sectors))}</td><td>{(c.IdealSharedPasses == 0 ? "" : Times(passes))}</td><td>{c.LaneOccupancy:P0}</td></tr>");
        }

        html.Append("</tbody></table>");
    }

    /// <summary>A line of the kernel's own file by its number; one of a header with the header's name.</summary>
    private static string Place(Explained explained, LineReport line) =>
        IsOwn(explained, line) ? $"line {line.Line}" : $"{Text(Path.GetFileName(line.File))}:{line.Line}";

    private static bool IsOwn(Explained explained, LineReport line) => Path.GetFileName(line.File) == Path.GetFileName(explained.Launch.File);

    private static string SourceLine(Explained explained, LineReport line) =>
        IsOwn(explained, line) && line.Line >= 1 && line.Line <= explained.Source.Count ? explained.Source[line.Line - 1] : "";

    private static void Tile(StringBuilder html, string value, string what, bool? good)
    {
        string mark = good is null ? "" : good.Value ? " good" : " bad";
        html.Append(CultureInfo.InvariantCulture, $"<div class=\"tile{mark}\"><b>{value}</b>{Text(what)}</div>");
    }

    private static bool? Fits(double? ratio) => ratio is { } r ? r <= 1.05 : null;

    private static string Against(double? ratio) => ratio is { } r ? string.Create(CultureInfo.InvariantCulture, $", {r:0.00} of what the header says") : "";

    private static string Times(double value) => value.ToString("0.00", CultureInfo.InvariantCulture) + "×";

    /// <summary>Bytes with a unit.</summary>
    internal static string Bytes(long bytes) => bytes switch
    {
        0 => "0",
        < 10_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes:N0} B"),
        < 10_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e3:N1} kB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:N1} MB"),
    };

    private static string Text(string text) => WebUtility.HtmlEncode(text);
}

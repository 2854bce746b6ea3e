using System.Globalization;
using System.Text;
using Dwarf.Training.Metrics;
using Engine.Tensors;

namespace Dwarf.Training.Report;

/// <summary>Writes report.html: one file that needs no network, no script and no other file.</summary>
public static class ReportHtml
{
    /// <summary>Writes the file atomically.</summary>
    public static void Write(string path, ReportModel model) => AtomicFile.WriteText(path, ToText(model));

    /// <summary>The file's content.</summary>
    public static string ToText(ReportModel model)
    {
        StringBuilder html = new();
        html.Append("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">");
        html.Append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">");
        html.Append("<link rel=\"icon\" href=\"data:,\">");  // or a browser asks the server for one and logs an error
        html.Append(CultureInfo.InvariantCulture, $"<title>{Html.Text(model.Title)}</title>\n<style>\n{ReportStyle.Sheet}\n</style></head>\n<body><main>\n");
        AppendHead(html, model);
        AppendResults(html, model);
        AppendCurves(html, model);
        AppendOverlays(html, model);
        AppendProtocol(html, model);
        html.Append("<footer>Made by DwarfEngine. Research software, not a medical device.</footer>\n</main></body></html>\n");
        return html.ToString();
    }

    private static void AppendHead(StringBuilder html, ReportModel model)
    {
        html.Append(CultureInfo.InvariantCulture, $"<header><h1>{Html.Text(model.Title)}</h1>");
        if (model.Subtitle.Length > 0)
        {
            html.Append(CultureInfo.InvariantCulture, $"<p class=\"lead\">{Html.Text(model.Subtitle)}</p>");
        }

        html.Append("<nav><a href=\"#results\">Results</a>");
        html.Append(model.Charts.Count > 0 ? "<a href=\"#curves\">Curves</a>" : "");
        html.Append(model.Overlays.Count > 0 ? "<a href=\"#overlays\">Overlays</a>" : "");
        html.Append("<a href=\"#protocol\">Protocol</a></nav></header>\n");
        AppendTiles(html, model);
        AppendCaveats(html, model);
        if (model.Summary.Count > 0)
        {
            html.Append("<dl>");
            foreach (var item in model.Summary)
            {
                html.Append(CultureInfo.InvariantCulture, $"<div><dt>{Html.Text(item.Name)}</dt><dd>{Html.Text(item.Value)}</dd></div>");
            }

            html.Append("</dl>\n");
        }
    }

    private static void AppendTiles(StringBuilder html, ReportModel model)
    {
        if (model.Splits.FirstOrDefault(s => s.Split == model.HeadlineSplit) is not { } split)
        {
            return;
        }

        html.Append("<section class=\"tiles\">");
        foreach (var scores in split.Scores)
        {
            var macro = scores.Result.Macro;
            AppendTile(html, $"Macro AUC, {scores.Method}", macro.Auc, macro.AucInterval, $"{split.Split}, {scores.Labels} labels, n\u00A0{macro.N}");
        }

        foreach (var maps in split.Maps)
        {
            var macro = maps.Result.Macro;
            AppendTile(html, $"Macro Dice, {maps.Method}", macro.DiceAtChosen ?? macro.Dice, null, $"{split.Split}, at {(macro.DiceAtChosen is null ? "0.5" : "validation threshold")}, n\u00A0{macro.N}");
        }

        html.Append("</section>\n");
    }

    private static void AppendTile(StringBuilder html, string what, double? value, Interval? interval, string basis) => html.Append(
        CultureInfo.InvariantCulture,
        $"<div class=\"tile\"><b>{Html.Value(value, "no value")} {Html.Range(interval)}</b><span class=\"what\">{Html.Text(what)}</span><small>{Html.Text(basis)}</small></div>");

    private static void AppendCaveats(StringBuilder html, ReportModel model)
    {
        if (model.Caveats.Count == 0)
        {
            return;
        }

        html.Append("<div class=\"caveats\">");
        foreach (var caveat in model.Caveats)
        {
            html.Append(CultureInfo.InvariantCulture, $"<p>{Html.Text(caveat)}</p>");
        }

        html.Append("</div>\n");
    }

    private static void AppendResults(StringBuilder html, ReportModel model)
    {
        html.Append("<section id=\"results\"><h2>Results</h2>\n");
        foreach (var split in model.Splits.OrderBy(s => s.Split != model.HeadlineSplit))
        {
            var patients = split.Patients > 0 ? string.Create(CultureInfo.InvariantCulture, $" of {split.Patients} patients") : "";
            html.Append(CultureInfo.InvariantCulture, $"<h3>{Html.Text(Capitalised(split.Split))} <small>{split.Images} images{patients}</small></h3>\n");
            html.Append(ReportTables.Classification(split)).Append(ReportTables.Maps(split));
        }

        var plots = string.Concat(model.Splits.OrderBy(s => s.Split != model.HeadlineSplit).Select(ReportTables.AucPlot));
        html.Append(plots.Length > 0 ? $"<div class=\"charts\">{plots}</div>" : "").Append("</section>\n");
    }

    private static void AppendCurves(StringBuilder html, ReportModel model)
    {
        if (model.Charts.Count > 0)
        {
            html.Append("<section id=\"curves\"><h2>Curves</h2><div class=\"charts\">\n").AppendJoin("", model.Charts.Select(ChartSvg.Render)).Append("</div></section>\n");
        }
    }

    private static void AppendOverlays(StringBuilder html, ReportModel model)
    {
        if (model.Overlays.Count == 0)
        {
            return;
        }

        html.Append("<section id=\"overlays\"><h2>Overlays</h2><p class=\"scale\"><span>Map value 0</span><i></i><span>1; one scale for all maps, opacity grows with the value</span>");
        html.Append("<b></b><span>outline of the truth</span></p><div class=\"overlays\">\n");
        foreach (var overlay in model.Overlays)
        {
            List<string> facts = [overlay.Image, overlay.Split];
            AddFact(facts, "probability", overlay.Probability);
            AddFact(facts, "Dice raw", overlay.RawDice);
            AddFact(facts, "Dice refined", overlay.RefinedDice);
            html.Append(CultureInfo.InvariantCulture, $"<figure class=\"overlay\"><figcaption>{Html.Text(overlay.Finding)} <small>{Html.Text(string.Join(" · ", facts))}</small></figcaption>");
            html.Append(CultureInfo.InvariantCulture, $"<img alt=\"{Html.Text($"{overlay.Finding} on {overlay.Image}: X-ray with outline of the truth, raw map, refined map")}\" src=\"data:image/png;base64,{Convert.ToBase64String(overlay.Png)}\">");
            html.Append("<div class=\"panels\"><span>X-ray with truth</span><span>raw map</span><span>refined map</span></div></figure>\n");
        }

        html.Append("</div></section>\n");
    }

    private static void AddFact(List<string> facts, string name, double? value)
    {
        if (value is not null)
        {
            facts.Add($"{name} {Html.Fixed(value.Value, 2)}");
        }
    }

    private static void AppendProtocol(StringBuilder html, ReportModel model)
    {
        html.Append("<section id=\"protocol\"><h2>Protocol</h2><ul class=\"protocol\">");
        foreach (var sentence in model.Protocol.Concat(model.Caveats))
        {
            html.Append(CultureInfo.InvariantCulture, $"<li>{Html.Text(sentence)}</li>");
        }

        html.Append("</ul>");
        if (model.ConfigYaml.Length > 0)
        {
            html.Append(CultureInfo.InvariantCulture, $"<details><summary>Resolved configuration</summary><pre>{Html.Text(model.ConfigYaml)}</pre></details>");
        }

        html.Append("</section>\n");
    }

    private static string Capitalised(string text) => text.Length == 0 ? text : char.ToUpperInvariant(text[0]) + text[1..];
}

using System.Globalization;
using System.Text;
using Dwarf.Training.Metrics;

namespace Dwarf.Training.Report;

/// <summary>The tables and plots of one split.</summary>
internal static class ReportTables
{
    private const string OneClass = "no value: only one class";
    private const string NoImage = "no value: no image shows it";
    private const string NoThreshold = "no value: validation has no image that shows it";

    /// <summary>One table over all findings, one group of columns for each method.</summary>
    public static string Classification(SplitReport split)
    {
        if (split.Scores.Count == 0)
        {
            return "";
        }

        StringBuilder html = new("<div class=\"scroll\"><table><thead><tr><th rowspan=\"2\">Finding</th>");
        foreach (var scores in split.Scores)
        {
            html.Append(CultureInfo.InvariantCulture, $"<th class=\"group\" colspan=\"4\">{Html.Text(scores.Method)} <small>{Html.Text(scores.Labels)} labels</small></th>");
        }

        html.Append("</tr><tr>");
        foreach (var _ in split.Scores)
        {
            html.Append("<th class=\"group\">shows it</th><th>AUC</th><th>F1</th><th>MCC</th>");
        }

        html.Append("</tr></thead><tbody>");
        var findings = split.Scores.SelectMany(s => s.Result.Rows).Select(r => r.Finding).Distinct().ToList();
        foreach (var finding in findings)
        {
            AppendScoreRow(html, finding, "", split.Scores.Select(s => s.Result.Rows.FirstOrDefault(r => r.Finding == finding)));
        }

        AppendScoreRow(html, "Macro", " class=\"macro\"", split.Scores.Select(s => (ClassificationRow?)s.Result.Macro));
        return html.Append("</tbody></table></div>\n").ToString();
    }

    /// <summary>One block of rows for each finding, a row for each method, so that controls stand directly below what they check.</summary>
    public static string Maps(SplitReport split)
    {
        if (split.Maps.Count == 0)
        {
            return "";
        }

        StringBuilder html = new(
            "<div class=\"scroll\"><table class=\"maps\"><thead><tr><th>Finding</th><th>Map</th><th>Dice at 0.5</th>"
            + "<th>Dice at validation threshold</th><th>Max Dice</th><th>Pointing</th></tr></thead>");
        var findings = split.Maps.SelectMany(m => m.Result.Rows).Select(r => r.Finding).Distinct().ToList();
        foreach (var finding in findings)
        {
            AppendMapBlock(html, finding, split.Maps, m => m.Rows.FirstOrDefault(r => r.Finding == finding), "");
        }

        AppendMapBlock(html, "Macro", split.Maps, m => m.Macro, " class=\"macro\"");
        return html.Append("</table></div>\n").ToString();
    }

    /// <summary>AUC with its interval, finding by finding, for every method of the split.</summary>
    public static string AucPlot(SplitReport split)
    {
        var rows = split.Scores.SelectMany((s, index) => s.Result.Rows.Append(s.Result.Macro).Select(r => (Row: r, index))).ToList();
        if (!rows.Any(r => r.Row.AucInterval is not null))
        {
            return "";
        }

        const double Left = 150, Width = 560, Line = 17;
        var findings = rows.Select(r => r.Row.Finding).Distinct().OrderBy(f => f == "macro").ToList();
        var block = (Line * split.Scores.Count) + 9;
        var height = (findings.Count * block) + 30;
        StringBuilder svg = new();
        svg.Append(CultureInfo.InvariantCulture, $"<figure class=\"chart\"><figcaption>AUC with interval, {Html.Text(split.Split)}</figcaption><svg viewBox=\"0 0 {Width} {height}\" role=\"img\" aria-label=\"AUC with interval\">");
        for (var tick = 0; tick <= 5; tick++)
        {
            svg.Append(CultureInfo.InvariantCulture, $"<line class=\"{(tick * 2 == 5 ? "axis" : "grid")}\" x1=\"{X(tick / 5.0):0.#}\" x2=\"{X(tick / 5.0):0.#}\" y1=\"4\" y2=\"{height - 22}\"/><text class=\"tick\" text-anchor=\"middle\" x=\"{X(tick / 5.0):0.#}\" y=\"{height - 8}\">{Html.Fixed(tick / 5.0, 1)}</text>");
        }

        svg.Append(CultureInfo.InvariantCulture, $"<line class=\"mark\" x1=\"{X(0.5):0.#}\" x2=\"{X(0.5):0.#}\" y1=\"4\" y2=\"{height - 22}\"><title>chance</title></line>");
        for (var f = 0; f < findings.Count; f++)
        {
            var top = 8 + (f * block);
            svg.Append(CultureInfo.InvariantCulture, $"<text class=\"name\" x=\"{Left - 12}\" y=\"{top + (block / 2) - 1:0.#}\" text-anchor=\"end\">{Html.Text(findings[f] == "macro" ? "Macro" : findings[f])}</text>");
            foreach (var (row, index) in rows.Where(r => r.Row.Finding == findings[f] && r.Row.Auc is not null))
            {
                var y = top + (index * Line) + (Line / 2);
                svg.Append(CultureInfo.InvariantCulture, $"<g class=\"s{index % ChartSvg.Styles}\">");
                if (row.AucInterval is { } interval)
                {
                    svg.Append(CultureInfo.InvariantCulture, $"<line class=\"interval\" x1=\"{X(interval.Low):0.#}\" x2=\"{X(interval.High):0.#}\" y1=\"{y:0.#}\" y2=\"{y:0.#}\"/>");
                }

                svg.Append(CultureInfo.InvariantCulture, $"<circle class=\"dot\" cx=\"{X(row.Auc!.Value):0.#}\" cy=\"{y:0.#}\" r=\"4.5\"><title>{Html.Text(split.Scores[index].Method)}: {Html.Fixed(row.Auc.Value, 3)}, n {row.N}</title></circle></g>");
            }
        }

        svg.Append("</svg><ul class=\"legend\">");
        for (var s = 0; s < split.Scores.Count; s++)
        {
            svg.Append(CultureInfo.InvariantCulture, $"<li><svg class=\"s{s % ChartSvg.Styles}\" viewBox=\"0 0 12 12\" aria-hidden=\"true\"><circle class=\"dot\" cx=\"6\" cy=\"6\" r=\"4.5\"/></svg>{Html.Text(split.Scores[s].Method)} ({Html.Text(split.Scores[s].Labels)} labels)</li>");
        }

        return svg.Append("</ul></figure>\n").ToString();

        static double X(double value) => Left + (value * (Width - Left - 20));
    }

    private static void AppendScoreRow(StringBuilder html, string name, string attributes, IEnumerable<ClassificationRow?> rows)
    {
        html.Append(CultureInfo.InvariantCulture, $"<tr{attributes}><th>{Html.Text(name)}</th>");
        foreach (var row in rows)
        {
            if (row is null)
            {
                html.Append("<td class=\"group\"></td><td></td><td></td><td></td>");
                continue;
            }

            var share = string.Create(CultureInfo.InvariantCulture, $"{row.Positives} <small>of {row.N}</small>");
            html.Append(CultureInfo.InvariantCulture, $"<td class=\"group\">{(attributes.Length == 0 ? share : "")}</td>");
            html.Append(CultureInfo.InvariantCulture, $"<td>{Html.Value(row.Auc, OneClass)} {Html.Range(row.AucInterval)} {Html.N(row.N)}</td>");
            html.Append(CultureInfo.InvariantCulture, $"<td>{Html.Value(row.F1, NoImage)} {Html.N(row.N)}</td><td>{Html.Value(row.Mcc, NoImage)} {Html.N(row.N)}</td>");
        }

        html.Append("</tr>");
    }

    private static void AppendMapBlock(
        StringBuilder html, string name, IReadOnlyList<MapMethodResult> methods, Func<MapResult, MapRow?> pick, string attributes)
    {
        html.Append(CultureInfo.InvariantCulture, $"<tbody{attributes}>");
        for (var m = 0; m < methods.Count; m++)
        {
            html.Append(CultureInfo.InvariantCulture, $"<tr class=\"{(methods[m].Kind == MapMethodKind.Control ? "control" : "model")}\">");
            if (m == 0)
            {
                html.Append(CultureInfo.InvariantCulture, $"<th rowspan=\"{methods.Count}\">{Html.Text(name)}</th>");
            }

            html.Append(CultureInfo.InvariantCulture, $"<td class=\"method\">{Html.Text(methods[m].Method)}</td>");
            AppendMapCells(html, pick(methods[m].Result));
            html.Append("</tr>");
        }

        html.Append("</tbody>");
    }

    private static void AppendMapCells(StringBuilder html, MapRow? row)
    {
        if (row is null)
        {
            html.Append("<td></td><td></td><td></td><td></td>");
            return;
        }

        html.Append(CultureInfo.InvariantCulture, $"<td>{Html.Value(row.Dice, NoImage)} {Html.N(row.N)}</td>");
        html.Append(CultureInfo.InvariantCulture, $"<td><span class=\"bar\" style=\"--v:{Html.Fixed(row.DiceAtChosen ?? 0, 3)}\"></span>{Html.Value(row.DiceAtChosen, row.N == 0 ? NoImage : NoThreshold)} {At(row.ChosenThreshold)} {Html.Range(row.ChosenInterval)} {Html.N(row.N)}</td>");
        html.Append(CultureInfo.InvariantCulture, $"<td>{Html.Value(row.MaxDice, NoImage)} {At(row.MaxDiceThreshold)} {Html.N(row.N)}</td>");
        html.Append(CultureInfo.InvariantCulture, $"<td>{Html.Value(row.HitRate, NoImage)} {Html.N(row.N)}</td>");
    }

    private static string At(double? threshold) => threshold is null ? "" : $"<small>at&nbsp;{Html.Fixed(threshold.Value, 2)}</small>";
}

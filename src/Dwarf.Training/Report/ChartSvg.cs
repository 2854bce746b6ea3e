using System.Globalization;
using System.Text;

namespace Dwarf.Training.Report;

/// <summary>Draws a <see cref="LineChart"/> as inline SVG with axes, legend and a hover text per point.</summary>
internal static class ChartSvg
{
    /// <summary>How many series can be told apart by colour and dash; the style sheet has as many.</summary>
    public const int Styles = 8;

    private const double Width = 560, Height = 300, Left = 52, Right = 14, Top = 18, Bottom = 42;
    private const int MostPoints = 240;

    /// <summary>The chart as a figure element.</summary>
    public static string Render(LineChart chart)
    {
        var series = chart.Series.Select(s => s with { Points = Thinned(s.Points) }).ToList();
        ChartPoint[] points = [.. series.SelectMany(s => s.Points).Where(p => double.IsFinite(p.Y))];
        StringBuilder html = new();
        html.Append(CultureInfo.InvariantCulture, $"<figure class=\"chart\"><figcaption>{Html.Text(chart.Title)}</figcaption>");
        if (points.Length == 0)
        {
            html.Append("<p class=\"none\">no values</p>");
        }
        else
        {
            var x = Axis.Of(points.Min(p => p.X), points.Max(p => p.X), tight: true);
            var y = Axis.Of(chart.YMin ?? points.Min(p => p.Y), chart.YMax ?? points.Max(p => p.Y), tight: false);
            html.Append(CultureInfo.InvariantCulture, $"<svg viewBox=\"0 0 {Width} {Height}\" role=\"img\" aria-label=\"{Html.Text(chart.Title)}\">");
            AppendAxes(html, chart, x, y);
            AppendMarks(html, chart, x);
            for (var s = 0; s < series.Count; s++)
            {
                AppendSeries(html, series[s], s, x, y);
            }

            html.Append("</svg>");
            AppendLegend(html, series);
        }

        if (chart.Note.Length > 0)
        {
            html.Append(CultureInfo.InvariantCulture, $"<p class=\"note\">{Html.Text(chart.Note)}</p>");
        }

        return html.Append("</figure>\n").ToString();
    }

    private static void AppendAxes(StringBuilder svg, LineChart chart, Axis x, Axis y)
    {
        foreach (var tick in y.Ticks)
        {
            var at = PlaceY(tick, y);
            svg.Append(CultureInfo.InvariantCulture, $"<line class=\"grid\" x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{at:0.#}\" y2=\"{at:0.#}\"/>");
            svg.Append(CultureInfo.InvariantCulture, $"<text class=\"tick\" x=\"{Left - 7}\" y=\"{at + 3.5:0.#}\" text-anchor=\"end\">{Html.Number(tick)}</text>");
        }

        foreach (var tick in x.Ticks)
        {
            var at = PlaceX(tick, x);
            svg.Append(CultureInfo.InvariantCulture, $"<line class=\"axis\" x1=\"{at:0.#}\" x2=\"{at:0.#}\" y1=\"{Height - Bottom}\" y2=\"{Height - Bottom + 4}\"/>");
            svg.Append(CultureInfo.InvariantCulture, $"<text class=\"tick\" x=\"{at:0.#}\" y=\"{Height - Bottom + 16}\" text-anchor=\"middle\">{Html.Number(tick)}</text>");
        }

        svg.Append(CultureInfo.InvariantCulture, $"<line class=\"axis\" x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{Height - Bottom}\" y2=\"{Height - Bottom}\"/>");
        svg.Append(CultureInfo.InvariantCulture, $"<text class=\"label\" x=\"{(Left + Width - Right) / 2}\" y=\"{Height - 7}\" text-anchor=\"middle\">{Html.Text(chart.XLabel)}</text>");
        svg.Append(CultureInfo.InvariantCulture, $"<text class=\"label\" x=\"2\" y=\"10\">{Html.Text(chart.YLabel)}</text>");
    }

    private static void AppendMarks(StringBuilder svg, LineChart chart, Axis x)
    {
        foreach (var mark in chart.Marks.Where(m => m.X >= x.Low && m.X <= x.High))
        {
            var at = PlaceX(mark.X, x);
            var anchor = at > Width * 0.7 ? "end" : "start";
            svg.Append(CultureInfo.InvariantCulture, $"<line class=\"mark\" x1=\"{at:0.#}\" x2=\"{at:0.#}\" y1=\"{Top}\" y2=\"{Height - Bottom}\"/>");
            svg.Append(CultureInfo.InvariantCulture, $"<text class=\"tick\" x=\"{at + (anchor == "end" ? -4 : 4):0.#}\" y=\"{Top + 9}\" text-anchor=\"{anchor}\">{Html.Text(mark.Label)}</text>");
        }
    }

    private static void AppendSeries(StringBuilder svg, ChartSeries series, int index, Axis x, Axis y)
    {
        svg.Append(CultureInfo.InvariantCulture, $"<g class=\"s{index % Styles}\"><path d=\"");
        var pen = 'M';
        foreach (var p in series.Points)
        {
            if (double.IsFinite(p.Y))
            {
                svg.Append(CultureInfo.InvariantCulture, $"{pen}{PlaceX(p.X, x):0.#} {PlaceY(p.Y, y):0.#}");
                pen = 'L';
            }
            else
            {
                pen = 'M';
            }
        }

        svg.Append("\"/>");
        var dot = series.Points.Count <= 40 ? 2.2 : 0;
        foreach (var p in series.Points.Where(p => double.IsFinite(p.Y)))
        {
            var (cx, cy) = (PlaceX(p.X, x), PlaceY(p.Y, y));
            if (dot > 0)
            {
                svg.Append(CultureInfo.InvariantCulture, $"<circle class=\"dot\" cx=\"{cx:0.#}\" cy=\"{cy:0.#}\" r=\"{dot}\"/>");
            }

            svg.Append(CultureInfo.InvariantCulture, $"<circle class=\"hit\" cx=\"{cx:0.#}\" cy=\"{cy:0.#}\" r=\"6\"><title>{Html.Text(series.Name)}: {Html.Number(p.Y)} at {Html.Number(p.X)}</title></circle>");
        }

        svg.Append("</g>");
    }

    private static void AppendLegend(StringBuilder html, IReadOnlyList<ChartSeries> series)
    {
        html.Append("<ul class=\"legend\">");
        for (var s = 0; s < series.Count; s++)
        {
            var missing = series[s].Points.Any(p => double.IsFinite(p.Y)) ? "" : " (no values)";
            html.Append(CultureInfo.InvariantCulture, $"<li><svg class=\"s{s % Styles}\" viewBox=\"0 0 26 8\" aria-hidden=\"true\"><path d=\"M0 4H26\"/></svg>{Html.Text(series[s].Name)}{missing}</li>");
        }

        html.Append("</ul>");
    }

    /// <summary>Means of neighbours where a line has more points than pixels could show; a NaN stays one.</summary>
    private static IReadOnlyList<ChartPoint> Thinned(IReadOnlyList<ChartPoint> points)
    {
        if (points.Count <= MostPoints)
        {
            return points;
        }

        var size = (points.Count + MostPoints - 1) / MostPoints;
        return [.. points.Chunk(size).Select(chunk => new ChartPoint(chunk.Average(p => p.X), chunk.Average(p => p.Y)))];
    }

    private static double PlaceX(double value, Axis axis) => Left + ((value - axis.Low) / (axis.High - axis.Low) * (Width - Left - Right));

    private static double PlaceY(double value, Axis axis) =>
        Height - Bottom - ((Math.Clamp(value, axis.Low, axis.High) - axis.Low) / (axis.High - axis.Low) * (Height - Top - Bottom));

    /// <summary>A range with ticks at 1, 2 or 5 times a power of ten.</summary>
    private sealed record Axis(double Low, double High, IReadOnlyList<double> Ticks)
    {
        public static Axis Of(double low, double high, bool tight)
        {
            if (!(high > low))
            {
                (low, high) = (low - (low == 0 ? 1 : Math.Abs(low) * 0.1), high + (high == 0 ? 1 : Math.Abs(high) * 0.1));
            }

            var power = Math.Pow(10, Math.Floor(Math.Log10((high - low) / 5)));
            var step = ((high - low) / 5 / power) switch { <= 1 => 1, <= 2 => 2, <= 5 => 5, _ => 10 } * power;
            if (!tight)
            {
                (low, high) = (Math.Floor((low / step) + 1e-9) * step, Math.Ceiling((high / step) - 1e-9) * step);
            }

            List<double> ticks = [];
            for (var n = Math.Ceiling((low / step) - 1e-9); n <= (high / step) + 1e-9; n++)
            {
                ticks.Add(Math.Round(n * step, 10) + 0.0);  // + 0: no "-0"
            }

            return new(low, high, ticks);
        }
    }
}

using Dwarf.Training.Metrics;

namespace Dwarf.Training.Report;

/// <summary>
/// Everything that a run has to say for itself. The trainer fills it once, at the end; <see cref="ReportHtml"/> and
/// <see cref="MetricsJson"/> both write from it, so the page and the file cannot disagree.
/// </summary>
public sealed record ReportModel
{
    /// <summary>The page's title, such as the config's name.</summary>
    public required string Title { get; init; }

    /// <summary>One sentence under the title: what was trained on what.</summary>
    public string Subtitle { get; init; } = "";

    /// <summary>Short facts of the run in order: method, data, seed, epochs, parameters, …</summary>
    public IReadOnlyList<SummaryItem> Summary { get; init; } = [];

    /// <summary>The resolved configuration, shown folded at the end.</summary>
    public string ConfigYaml { get; init; } = "";

    /// <summary>Curves in order.</summary>
    public IReadOnlyList<LineChart> Charts { get; init; } = [];

    /// <summary>Results by split.</summary>
    public required IReadOnlyList<SplitReport> Splits { get; init; }

    /// <summary>Name of the split whose numbers are the run's result, normally "test".</summary>
    public required string HeadlineSplit { get; init; }

    /// <summary>Pictures in order.</summary>
    public IReadOnlyList<OverlayFigure> Overlays { get; init; } = [];

    /// <summary>Sentences that say how the numbers came about; see <see cref="Protocol.Sentences"/>.</summary>
    public IReadOnlyList<string> Protocol { get; init; } = [];

    /// <summary>What no reader should conclude from the numbers; shown at the top of the results, too.</summary>
    public IReadOnlyList<string> Caveats { get; init; } = [];
}

/// <summary>A named fact.</summary>
/// <param name="Name">what it is</param>
/// <param name="Value">its value as text</param>
public sealed record SummaryItem(string Name, string Value);

/// <summary>Results on one split. The first entry of each list is the run's own method, the others stand beside it.</summary>
/// <param name="Split">train, validation or test</param>
/// <param name="Images">how many images it has</param>
/// <param name="Patients">of how many patients</param>
public sealed record SplitReport(string Split, int Images, int Patients)
{
    /// <summary>Scores against labels, by method.</summary>
    public IReadOnlyList<ScoreResult> Scores { get; init; } = [];

    /// <summary>Maps against masks, by method; the location prior and the shuffled-image control belong here.</summary>
    public IReadOnlyList<MapMethodResult> Maps { get; init; } = [];
}

/// <summary>Classification by one method.</summary>
/// <param name="Method">such as "DWARF" or "Pre-trained"</param>
/// <param name="Labels">whose labels: "NIH", "ChestX-Det", …</param>
/// <param name="Result">rows and macro</param>
public sealed record ScoreResult(string Method, string Labels, ClassificationResult Result);

/// <summary>What a method of the map table is: it decides how the table sets it off.</summary>
public enum MapMethodKind
{
    /// <summary>The run's own maps or another model's.</summary>
    Model,

    /// <summary>A control that must not win: location prior, shuffled images.</summary>
    Control,
}

/// <summary>Maps of one method.</summary>
/// <param name="Method">such as "DWARF, refined map" or "Location prior (ignores the image)"</param>
/// <param name="Kind">model or control</param>
/// <param name="Result">rows and macro</param>
public sealed record MapMethodResult(string Method, MapMethodKind Kind, MapResult Result);

/// <summary>A line chart.</summary>
/// <param name="Title">what it shows</param>
/// <param name="XLabel">name of the horizontal axis</param>
/// <param name="YLabel">name of the vertical axis</param>
/// <param name="Series">lines; at most eight can be told apart</param>
public sealed record LineChart(string Title, string XLabel, string YLabel, IReadOnlyList<ChartSeries> Series)
{
    /// <summary>Lower end of the vertical axis; null: from the data.</summary>
    public double? YMin { get; init; }

    /// <summary>Upper end of the vertical axis; null: from the data.</summary>
    public double? YMax { get; init; }

    /// <summary>Vertical marks, such as the best epoch or the start of a stage.</summary>
    public IReadOnlyList<ChartMark> Marks { get; init; } = [];

    /// <summary>A sentence under the chart.</summary>
    public string Note { get; init; } = "";
}

/// <summary>One line of a chart.</summary>
/// <param name="Name">shown in the legend</param>
/// <param name="Points">by rising x; a NaN or infinite y breaks the line</param>
public sealed record ChartSeries(string Name, IReadOnlyList<ChartPoint> Points);

/// <summary>A point of a chart.</summary>
/// <param name="X">horizontal</param>
/// <param name="Y">vertical</param>
public readonly record struct ChartPoint(double X, double Y);

/// <summary>A vertical mark of a chart.</summary>
/// <param name="X">where</param>
/// <param name="Label">a word or two</param>
public sealed record ChartMark(double X, string Label);

/// <summary>One picture made by <see cref="OverlayPainter"/> with what its caption says.</summary>
/// <param name="Finding">the finding's name</param>
/// <param name="Image">the image's file name</param>
/// <param name="Split">the split it belongs to</param>
/// <param name="Png">the picture: X-ray with truth outline, raw map, refined map, side by side</param>
public sealed record OverlayFigure(string Finding, string Image, string Split, byte[] Png)
{
    /// <summary>The model's probability of the finding.</summary>
    public double? Probability { get; init; }

    /// <summary>Dice of the raw map at its validation threshold.</summary>
    public double? RawDice { get; init; }

    /// <summary>Dice of the refined map at its validation threshold.</summary>
    public double? RefinedDice { get; init; }
}

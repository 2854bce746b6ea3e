using System.Globalization;

namespace Dwarf.Training.Report;

/// <summary>The report's style sheet: light and dark by the reader's setting, light on paper, colours after Okabe and Ito.</summary>
internal static class ReportStyle
{
    /// <summary>The whole sheet.</summary>
    public static string Sheet => Rules.Replace("HEAT", Gradient(), StringComparison.Ordinal);

    private const string Rules = """
        :root { color-scheme: light dark; --ink: #1b1f24; --soft: #5c6670; --line: #d9dee3; --ground: #ffffff; --panel: #f5f7f9; --accent: #0072b2;
          --warn: #8a4b00; --warnground: #fff6e5;
          --c0: #0072b2; --c1: #d55e00; --c2: #009e73; --c3: #b0548f; --c4: #b57f00; --c5: #3c9fd6; --c6: #6b6b6b; --c7: #7a5230; }
        @media (prefers-color-scheme: dark) { :root { --ink: #e7ebef; --soft: #9da8b3; --line: #333b44; --ground: #14181c; --panel: #1c2228;
          --accent: #6cbcf0; --warn: #ffcf87; --warnground: #2b2416;
          --c0: #6cbcf0; --c1: #ff8f5a; --c2: #3fcf9f; --c3: #e6a0cd; --c4: #f0c04a; --c5: #a9d8f5; --c6: #b5b5b5; --c7: #c9a27c; } }
        @media print { :root { color-scheme: light; --ink: #000; --soft: #444; --line: #bbb; --ground: #fff; --panel: #fff; --accent: #0072b2;
          --warn: #5a3100; --warnground: #fff;
          --c0: #0072b2; --c1: #d55e00; --c2: #009e73; --c3: #b0548f; --c4: #b57f00; --c5: #3c9fd6; --c6: #6b6b6b; --c7: #7a5230; }
        }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--ground); color: var(--ink); font: 15px/1.55 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
        main { max-width: 1180px; margin: 0 auto; padding: 32px 24px 64px; }
        h1 { font-size: 28px; line-height: 1.2; margin: 0 0 6px; letter-spacing: -0.01em; }
        h2 { font-size: 20px; margin: 48px 0 12px; padding-bottom: 6px; border-bottom: 1px solid var(--line); }
        h3 { font-size: 15px; margin: 28px 0 8px; }
        p { margin: 8px 0; max-width: 75ch; } .lead, .note, figcaption small { color: var(--soft); } .note { font-size: 13px; }
        a { color: var(--accent); } nav { margin: 14px 0 0; font-size: 14px; } nav a { margin-right: 18px; }
        small { font-size: 12px; color: var(--soft); font-weight: 400; } .n { margin-left: 3px; opacity: .85; } .none { color: var(--soft); }
        .tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(176px, 1fr)); gap: 12px; margin: 22px 0; }
        .tile { background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: 12px 14px; }
        .tile b { display: block; font-size: 26px; line-height: 1.25; font-weight: 650; font-variant-numeric: tabular-nums; }
        .tile .what { display: block; font-size: 13px; line-height: 1.35; } .tile > small { display: block; margin-top: 3px; }
        dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(250px, 1fr)); gap: 2px 28px; margin: 18px 0; font-size: 14px; }
        dl div { display: flex; justify-content: space-between; gap: 12px; border-bottom: 1px solid var(--line); padding: 4px 0; }
        dt { color: var(--soft); } dd { margin: 0; text-align: right; overflow-wrap: anywhere; }
        .caveats { border-left: 4px solid var(--warn); background: var(--warnground); padding: 8px 16px; margin: 18px 0; } .caveats p { margin: 4px 0; max-width: none; color: var(--warn); }
        .charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(460px, 100%), 1fr)); gap: 22px; }
        figure { margin: 0; } .chart { background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: 12px 14px; }
        figcaption { font-weight: 600; font-size: 14px; margin-bottom: 6px; } .overlay figcaption small { display: block; } .chart > svg { width: 100%; height: auto; display: block; }
        .legend { list-style: none; display: flex; flex-wrap: wrap; gap: 2px 18px; padding: 0; margin: 6px 0 0; font-size: 13px; }
        .legend svg { width: 26px; height: 10px; margin-right: 6px; vertical-align: 0; overflow: visible; }
        svg text { fill: var(--soft); font-size: 11px; font-family: inherit; } svg .name { fill: var(--ink); font-size: 12.5px; }
        svg .grid { stroke: var(--line); stroke-width: 1; } svg .axis { stroke: var(--soft); stroke-width: 1; }
        svg .mark { stroke: var(--soft); stroke-width: 1; stroke-dasharray: 3 3; }
        svg path { fill: none; stroke: var(--c); stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
        svg .dot { fill: var(--c); stroke: none; } svg .hit { fill: transparent; stroke: none; } svg .hit:hover { fill: var(--c); fill-opacity: .3; }
        svg .interval { stroke: var(--c); stroke-width: 2.5; stroke-linecap: round; opacity: .65; }
        .s0 { --c: var(--c0); } .s1 { --c: var(--c1); } .s2 { --c: var(--c2); } .s3 { --c: var(--c3); }
        .s4 { --c: var(--c4); } .s5 { --c: var(--c5); } .s6 { --c: var(--c6); } .s7 { --c: var(--c7); }
        .s1 path { stroke-dasharray: 7 4; } .s2 path { stroke-dasharray: 2 4; } .s3 path { stroke-dasharray: 10 3 2 3; } .s5 path { stroke-dasharray: 7 4; }
        .s6 path { stroke-dasharray: 2 4; } .s7 path { stroke-dasharray: 10 3 2 3; }
        .scroll { overflow-x: auto; margin: 10px 0 20px; }
        table { border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums; width: 100%; }
        th, td { text-align: left; padding: 5px 12px 5px 0; border-bottom: 1px solid var(--line); white-space: nowrap; vertical-align: baseline; }
        thead th { font-size: 13px; color: var(--soft); font-weight: 600; vertical-align: bottom; } tbody th { font-weight: 600; vertical-align: top; }
        thead .group[colspan] { color: var(--ink); } .group { padding-left: 14px; border-left: 1px solid var(--line); }
        .macro th, .macro td { font-weight: 650; } tr.macro > * { border-top: 2px solid var(--soft); }
        .maps tbody tr:not(:last-child) td { border-bottom-color: transparent; } .maps tbody.macro tr:first-child > * { border-top: 2px solid var(--soft); }
        .control td, .control .method { color: var(--soft); } .control td, .macro .control td { font-weight: 400; font-style: italic; }
        .bar { display: inline-block; width: 70px; height: 8px; margin-right: 8px; border-radius: 2px; background: linear-gradient(var(--accent), var(--accent)) 0 / calc(var(--v) * 100%) 100% no-repeat var(--line); print-color-adjust: exact; -webkit-print-color-adjust: exact; }
        .control .bar { background-image: linear-gradient(var(--soft), var(--soft)); }
        .overlays { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(520px, 100%), 1fr)); gap: 26px 24px; }
        .overlay img { width: 100%; height: auto; display: block; border-radius: 4px; background: #464646; }
        .panels { display: grid; grid-template-columns: repeat(3, 1fr); font-size: 12px; color: var(--soft); text-align: center; margin: 4px 0 0; }
        .scale { max-width: none; display: flex; align-items: center; gap: 8px; font-size: 13px; color: var(--soft); margin: 8px 0 18px; flex-wrap: wrap; }
        .scale i { display: inline-block; width: 180px; height: 10px; border-radius: 2px; background: linear-gradient(90deg, HEAT); print-color-adjust: exact; -webkit-print-color-adjust: exact; }
        .scale b { display: inline-block; width: 26px; height: 0; border-top: 2px solid #40e0ff; outline: 1px solid rgba(0,0,0,.55); margin-left: 16px; }
        .protocol { font-size: 14px; padding-left: 20px; } .protocol li { margin: 4px 0; max-width: 95ch; }
        pre { background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: 14px; overflow-x: auto; font: 12.5px/1.5 ui-monospace, Consolas, "DejaVu Sans Mono", monospace; }
        summary { cursor: pointer; font-weight: 600; margin: 8px 0; }
        footer { margin-top: 56px; color: var(--soft); font-size: 13px; }
        @page { margin: 14mm; }
        @media print {
          nav, details { display: none; } body { font-size: 11px; } main { max-width: none; padding: 0; }
          h1 { font-size: 20px; } h2 { font-size: 15px; margin-top: 24px; } h2, h3 { break-after: avoid; } figure, tbody, .tile, .protocol li { break-inside: avoid; }
          small { font-size: 8.5px; } table { font-size: 10px; } th, td { padding: 2px 6px 2px 0; } thead th { font-size: 9.5px; } .scroll { overflow: visible; }
          .group { padding-left: 6px; } .bar { width: 40px; height: 6px; margin-right: 4px; } .tiles { grid-template-columns: repeat(4, 1fr); } .tile b { font-size: 18px; }
          .charts, .overlays { grid-template-columns: 1fr 1fr; gap: 12px; } dl { font-size: 11px; } .tile .what, .protocol, .legend, .scale { font-size: 11px; } footer { margin-top: 20px; }
        }
        """;

    private static string Gradient() => string.Join(", ", Enumerable.Range(0, 9).Select(i =>
    {
        var (r, g, b) = HeatColours.Of(i / 8.0);
        return string.Create(CultureInfo.InvariantCulture, $"rgb({r} {g} {b})");
    }));
}

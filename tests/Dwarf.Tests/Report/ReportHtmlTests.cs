using System.Text.RegularExpressions;
using System.Xml.Linq;
using Dwarf.Training.Report;
using Xunit;

namespace Dwarf.Tests.Report;

public sealed partial class ReportHtmlTests
{
    private static readonly string s_html = ReportHtml.ToText(SampleReport.Model());

    [Fact]
    public void The_page_needs_no_network_and_no_script()
    {
        Assert.DoesNotContain("http", s_html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("<script", s_html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("@import", s_html, StringComparison.Ordinal);
        Assert.All(SourceAttribute().Matches(s_html), m => Assert.StartsWith("src=\"data:image/png;base64,", m.Value, StringComparison.Ordinal));
    }

    [Fact]
    public void Names_from_files_cannot_become_markup()
    {
        Assert.DoesNotContain("<img src=x", s_html, StringComparison.Ordinal);
        Assert.Contains("Mass &lt;img src=x onerror=alert(1)&gt;", s_html, StringComparison.Ordinal);
        Assert.Contains("seed: 0 # &lt;default&gt;", s_html, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_element_is_closed()
    {
        var xml = s_html[s_html.IndexOf("<body>", StringComparison.Ordinal)..s_html.IndexOf("</html>", StringComparison.Ordinal)];
        xml = ImageTag().Replace(xml, "$0</img>").Replace("&nbsp;", " ", StringComparison.Ordinal);
        var body = XElement.Parse(xml);
        Assert.Equal(3, body.Descendants("table").Count());
        Assert.Equal(3, body.Descendants("figure").Count(f => (string?)f.Attribute("class") == "chart"));  // loss, the empty one, AUC of test
        Assert.Single(body.Descendants("figure"), f => (string?)f.Attribute("class") == "overlay");
    }

    [Fact]
    public void A_number_gone_bad_breaks_its_line_and_is_not_printed()
    {
        Assert.DoesNotContain("NaN", s_html, StringComparison.Ordinal);
        var path = PathData().Match(s_html).Groups[1].Value;
        Assert.Equal(2, path.Count(c => c == 'M'));
        Assert.DoesNotContain('L', path);
        Assert.Contains("(no values)", s_html, StringComparison.Ordinal);
    }

    [Fact]
    public void Cells_show_n_and_controls_stand_beside_the_method()
    {
        Assert.Contains("n&nbsp;20", s_html, StringComparison.Ordinal);
        Assert.Contains("n&nbsp;2", s_html, StringComparison.Ordinal);
        Assert.Contains("Shuffled images", s_html, StringComparison.Ordinal);
        Assert.Contains("no value: only one class", s_html, StringComparison.Ordinal);
        Assert.Contains("probability 0.88", s_html, StringComparison.Ordinal);
        Assert.Contains("percentiles 2.5 and 97.5 of 50 bootstrap resamples over patients (seed 1)", s_html, StringComparison.Ordinal);
    }

    [Fact]
    public void The_same_model_gives_the_same_bytes() => Assert.Equal(s_html, ReportHtml.ToText(SampleReport.Model()));

    [GeneratedRegex("src=\"[^\"]{0,40}")]
    private static partial Regex SourceAttribute();

    [GeneratedRegex("<img [^>]*>")]
    private static partial Regex ImageTag();

    [GeneratedRegex("<g class=\"s0\"><path d=\"([^\"]*)\"")]
    private static partial Regex PathData();
}

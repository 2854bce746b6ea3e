using System.Text.Json;
using Dwarf.Training.Report;
using Engine.Tensors;
using Xunit;

namespace Dwarf.Tests.Report;

public sealed class MetricsJsonTests
{
    [Fact]
    public void Every_metric_has_macro_and_per_finding_for_every_split_with_n()
    {
        var root = JsonDocument.Parse(MetricsJson.ToText(SampleReport.Model())).RootElement;
        Assert.Equal(["validation", "test"], root.GetProperty("splits").EnumerateObject().Select(s => s.Name));
        foreach (var split in root.GetProperty("splits").EnumerateObject())
        {
            Assert.Equal(split.Name, split.Value.GetProperty("split").GetString());
            Assert.Equal(20, split.Value.GetProperty("n").GetInt32());
            foreach (var metric in new[] { "auc", "f1", "mcc" })
            {
                Assert.Equal(JsonValueKind.Number, split.Value.GetProperty(metric).GetProperty("macro").ValueKind);
                Assert.Equal(["Effusion", SampleReport.Hostile], split.Value.GetProperty(metric).GetProperty("per_finding").EnumerateObject().Select(f => f.Name));
            }
        }

        Assert.Equal(JsonValueKind.Null, root.GetProperty("auc").GetProperty("per_finding").GetProperty(SampleReport.Hostile).ValueKind);
        Assert.Equal(7, root.GetProperty("positives").GetProperty("Effusion").GetInt32());
    }

    [Fact]
    public void The_headline_split_stands_at_the_top_and_controls_beside_it()
    {
        var root = JsonDocument.Parse(MetricsJson.ToText(SampleReport.Model())).RootElement;
        Assert.Equal("test", root.GetProperty("split").GetString());
        Assert.Equal("ChestX-Det", root.GetProperty("labels").GetString());
        Assert.Equal(1.0, root.GetProperty("dice").GetProperty("macro").GetDouble());
        Assert.Equal(1.0, root.GetProperty("dice_at_validation_threshold").GetProperty("per_finding").GetProperty("Effusion").GetDouble());
        Assert.Equal(0.0, root.GetProperty("beside").GetProperty("Shuffled images").GetProperty("dice").GetProperty("macro").GetDouble());
        Assert.True(root.GetProperty("beside").GetProperty("Pre-trained (NIH labels)").GetProperty("auc_interval").GetProperty("macro").GetProperty("low").GetDouble() < 0.6);
        Assert.Contains("Few annotated", root.GetProperty("caveats")[0].GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_headline_split_that_is_not_there_is_an_error() =>
        Assert.Equal(ErrorKind.Internal, Assert.Throws<DwarfException>(() => MetricsJson.ToText(SampleReport.Model() with { HeadlineSplit = "tset" })).Kind);
}

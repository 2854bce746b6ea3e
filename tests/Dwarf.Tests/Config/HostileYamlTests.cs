using System.Text;
using CsCheck;
using Dwarf.Training.Config;
using Xunit;
using static Dwarf.Tests.Config.ConfigFile;

namespace Dwarf.Tests.Config;

public sealed class HostileYamlTests
{
    [Fact]
    public void An_alias_bomb_is_refused_at_its_first_anchor() => Assert.Equal(
        "a.yaml:1:4: the anchor &a; anchors are not allowed",
        FaultsOf("a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"));

    [Fact]
    public void An_alias_is_refused() => Assert.Contains("a.yaml:1:4: the alias *x", FaultsOf("a: *x\n"), StringComparison.Ordinal);

    [Theory]
    [InlineData("{a: ", "}")]
    [InlineData("[", "]")]
    [InlineData("- ", "")]
    public void Twenty_thousand_levels_are_refused_and_not_a_crash(string open, string close)
    {
        string text = string.Concat(Enumerable.Repeat(open, 20_000)) + "1" + string.Concat(Enumerable.Repeat(close, 20_000));
        Assert.Contains("nested deeper than 64 levels", FaultsOf(text), StringComparison.Ordinal);
    }

    [Fact]
    public void More_values_than_a_configuration_needs_are_refused() =>
        Assert.Contains("more than 100000 values", FaultsOf($"a: [{string.Join(',', Enumerable.Repeat("1", 100_001))}]"), StringComparison.Ordinal);

    [Fact]
    public void A_scalar_of_megabytes_is_refused_before_it_is_read() =>
        Assert.Equal("a.yaml:1:1: at most 1048576 bytes are read, found 2000003", FaultsOf("a: " + new string('x', 2_000_000)).Split('\n')[0]);

    [Theory]
    [InlineData("seed: !!int 5\n", "a.yaml:1:7: the tag tag:yaml.org,2002:int; tags are not allowed")]
    [InlineData("seed: !x 5\n", "a.yaml:1:7: the tag !x; tags are not allowed")]
    [InlineData("train:\n\tepochs: 1\n", "a.yaml:2:1: a tab in the indentation; YAML wants spaces")]
    [InlineData("seed: 1\0\n", "a.yaml:1:8: the control character U+0000")]
    [InlineData("seed: \u001b[31m\n", "a.yaml:1:7: the control character U+001B")]
    [InlineData("seed: 1\n---\nseed: 2\n", "a.yaml:2:1: a second document; one file holds one configuration")]
    [InlineData("- a\n- b\n", "a.yaml:1:1: a configuration is a map of keys, found a list")]
    [InlineData("? [a]\n: b\n", "a.yaml:1:3: a key must be a name, found a list")]
    [InlineData("seed: \"1\n", "a.yaml:1:7: not YAML: ")]
    [InlineData("a: b: c\n", "a.yaml:1:5: not YAML: ")]
    [InlineData("seed: [1\n", "a.yaml:2:1: not YAML: ")]
    [InlineData("a: [1, 2\nb: 3", "a.yaml:1:1: not YAML; a bracket, brace or quotation mark may lack its partner")]
    public void What_a_configuration_does_not_need_is_refused_at_its_place(string text, string fault) =>
        Assert.StartsWith(fault, FaultsOf(text), StringComparison.Ordinal);

    [Fact]
    public void A_byte_order_mark_is_ignored()
    {
        using var file = new ConfigFile("\ufeff" + Good + "seed: 7\n");
        Assert.Equal(7, file.Load().Seed);
        Assert.Equal(5, file.Load().OriginOf("seed").Line);
    }

    [Fact]
    public void Bytes_that_are_not_utf8_are_refused()
    {
        using var file = new ConfigFile("");
        File.WriteAllBytes(file.Path, [(byte)'a', 0xff, 0xfe, 0x80]);
        Assert.Equal("a.yaml:1:1: not UTF-8", file.Faults().Split('\n')[0]);
    }

    [Fact]
    public void Whatever_a_file_holds_the_answer_is_a_configuration_or_its_faults()
    {
        string[] pieces = ["a", ":", " ", "\n", "-", "[", "]", "{", "}", ",", "\"", "'", "&", "*", "!", "|", ">", "%", "@", "`", "#", "?", "\t", "é", "0", "seed: ", "---", "..."];
        using var file = new ConfigFile("");
        Gen.Int[0, pieces.Length - 1].Select(piece => pieces[piece]).List[0, 40].Sample(parts =>
        {
            File.WriteAllText(file.Path, string.Concat(parts), new UTF8Encoding(false));
            // Required keys are missing, so nothing here can load: any other exception would escape.
            Assert.NotEmpty(Assert.Throws<ConfigException>(() => file.Load()).Faults);
        }, iter: 3000, threads: 1);
    }
}

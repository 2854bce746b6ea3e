using System.Text.Json;
using CsCheck;
using Dwarf.Training.Data;
using Engine.Tensors;
using Xunit;

namespace Dwarf.Tests.Data;

public class JsonTextTests
{
    [Fact]
    public void Values_come_with_their_place()
    {
        JsonValue root = JsonText.Parse("{\"a\": [1, -2.5e2,\n  \"x\\u00e9\\n\"], \"b\": null}", "t.json");
        JsonValue list = root.Members[0].Value;
        Assert.Equal([1, -250], list.Items.Take(2).Select(item => item.Number));
        Assert.Equal("xé\n", list.Items[2].Text);
        Assert.Equal("line 2, column 3", list.Items[2].Place);
        Assert.Equal("null", root.Members[1].Value.Text);
    }

    [Fact]
    public void NaN_overflow_and_keys_that_come_twice_reach_the_reader()
    {
        JsonValue root = JsonText.Parse("{\"a\": [NaN, Infinity, -Infinity, 1e999], \"a\": 1}", "t.json");
        Assert.Equal([double.NaN, double.PositiveInfinity, double.NegativeInfinity, double.PositiveInfinity], root.Members[0].Value.Items.Select(item => item.Number));
        Assert.Equal(["a", "a"], root.Members.Select(member => member.Key));
    }

    [Theory]
    [InlineData("", "line 1, column 1: expected a value, found the end of the file")]
    [InlineData("[1,\n 2", "line 2, column 3: expected ',' or ']'")]
    [InlineData("[1,]", "line 1, column 4: expected a value, found ']'")]
    [InlineData("{1: 2}", "line 1, column 2: expected a key in quotes")]
    [InlineData("[01]", "line 1, column 2: expected a value, found '0'")]
    [InlineData("[+1]", "line 1, column 2: expected a value, found '+'")]
    [InlineData("[1.]", "line 1, column 2: expected a value, found '1'")]
    [InlineData("\"abc", "line 1, column 5: a text is opened and never closed")]
    [InlineData("\"a\\x\"", "line 1, column 4: an escape that JSON does not have")]
    [InlineData("1 2", "line 1, column 3: expected the end of the file")]
    public void Broken_text_names_line_and_column(string text, string message)
    {
        var error = Assert.Throws<DwarfException>(() => JsonText.Parse(text, "t.json"));
        Assert.Equal((ErrorKind.Content, "t.json: " + message), (error.Kind, error.Message));
    }

    [Fact]
    public void Deep_nesting_is_refused_before_the_stack_ends() =>
        Assert.Contains("nested deeper than 64", Assert.Throws<DwarfException>(() => JsonText.Parse(new string('[', 1_000_000), "t.json")).Message, StringComparison.Ordinal);

    [Fact]
    public void Texts_and_numbers_are_read_as_System_Text_Json_reads_them() =>
        Gen.Select(Gen.String, Gen.Double).Sample((text, number) =>
        {
            if (!double.IsFinite(number))
            {
                return;
            }

            JsonValue value = JsonText.Parse(JsonSerializer.Serialize(new object[] { text, number }), "t.json");
            Assert.Equal(JsonSerializer.Deserialize<string>(JsonSerializer.Serialize(text)), value.Items[0].Text);
            Assert.Equal(number, value.Items[1].Number);
        });

    [Fact]
    public void Whatever_is_refused_here_System_Text_Json_refuses_too() =>
        Gen.String[Gen.Char["[]{},:\"0123456789.eE+-tfn \\u"], 0, 12].Sample(text =>
        {
            bool theirs = Accepts(() => JsonDocument.Parse(text).Dispose());
            bool ours = Accepts(() => JsonText.Parse(text, "t.json"));
            Assert.True(ours == theirs, $"'{text}': ours {ours}, System.Text.Json {theirs}");
        });

    private static bool Accepts(Action parse)
    {
        try
        {
            parse();
            return true;
        }
        catch (Exception error) when (error is JsonException or DwarfException)
        {
            return false;
        }
    }
}

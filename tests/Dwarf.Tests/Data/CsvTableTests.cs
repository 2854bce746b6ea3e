using CsCheck;
using Dwarf.Training.Data;
using Engine.Tensors;
using Xunit;

namespace Dwarf.Tests.Data;

public class CsvTableTests
{
    [Fact]
    public void Quotes_line_ends_and_the_byte_order_mark_are_understood()
    {
        var table = CsvTable.Parse("a,b\r\n\"x,\"\"y\"\"\nz\",2\r\n\r\n3,\n", "t.csv");
        Assert.Equal(["a", "b"], table.Header);
        Assert.Equal([["x,\"y\"\nz", "2"], ["3", ""]], table.Rows);
        Assert.Equal("line 5, column 'b'", table.Place(1, 1));
    }

    [Fact]
    public void What_is_written_with_quotes_reads_back() =>
        Gen.String.Array[2, 2].Array[1, 5].Sample(rows =>
        {
            string text = "a,b\n" + string.Concat(rows.Select(row => string.Join(',', row.Select(cell => $"\"{cell.Replace("\"", "\"\"", StringComparison.Ordinal)}\"")) + "\n"));
            Assert.Equal(rows, CsvTable.Parse(text, "t.csv").Rows);
        });

    [Theory]
    [InlineData("", "t.csv: expected a header line, found nothing")]
    [InlineData("a,b\n1\n", "t.csv: line 2: expected 2 cells as in the header, found 1")]
    [InlineData("a,b\n\n1,2,3\n", "t.csv: line 3: expected 2 cells as in the header, found 3")]
    [InlineData("a,a\n", "t.csv: line 1: the column 'a' stands there 2 times")]
    [InlineData("a,b\n\"1,2\n", "t.csv: line 2: a quote is opened and never closed")]
    [InlineData("a,b\n\"1\"x,2\n", "t.csv: line 2: expected a comma after the closing quote")]
    public void Broken_tables_name_file_and_line(string text, string message) =>
        Assert.Equal(message, Assert.Throws<DwarfException>(() => CsvTable.Parse(text, "t.csv")).Message);

    [Fact]
    public void A_missing_column_gets_the_near_miss() =>
        Assert.Equal(
            "t.csv: line 1: expected a column 'Split'; did you mean 'split'?",
            Assert.Throws<DwarfException>(() => CsvTable.Parse("split\n", "t.csv").Column("Split")).Message);
}

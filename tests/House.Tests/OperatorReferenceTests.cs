using Engine.Autograd.Operators;
using Xunit;

namespace House.Tests;

public sealed class OperatorReferenceTests
{
    [Fact]
    public void The_table_of_operators_in_docs_is_that_of_the_declarations()
    {
        string file = Path.Combine(Repository.Root, "docs", "operators.md");
        if (Environment.GetEnvironmentVariable("DWARF_WRITE_DOCS") == "1")
        {
            File.WriteAllText(file, OperatorReference.Markdown());
        }
        Assert.True(OperatorReference.Markdown() == File.ReadAllText(file), "docs/operators.md is old; its first lines say how to write it");
    }
}

using Xunit;

namespace Dwarf.Tests;

public sealed class PlaceholderTests
{
    [Fact]
    public void Runs() => Assert.True(true);
}

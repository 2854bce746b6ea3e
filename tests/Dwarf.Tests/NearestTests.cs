using Engine.Tensors;
using Xunit;

namespace Dwarf.Tests;

public sealed class NearestTests
{
    [Theory]
    [InlineData("epocs", "epochs")]
    [InlineData("lamda", "lambda")]
    [InlineData("bacth_size", "batch_size")]
    [InlineData("batch-size", "batch_size")]
    [InlineData("LR", "lr")]
    [InlineData("zzz", null)]
    public void A_slip_finds_its_name_and_nonsense_finds_none(string found, string? expected) =>
        Assert.Equal(expected, Nearest.Of(found, ["epochs", "lambda", "batch_size", "lr", "w_fp"]));

    [Fact]
    public void A_megabyte_of_letters_is_answered_all_the_same() => Assert.Null(Nearest.Of(new string('x', 1 << 20), ["epochs"]));
}

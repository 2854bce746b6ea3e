using System.Text.RegularExpressions;
using Dwarf.Cli.Explain;
using Engine.Kernels;
using Xunit;

namespace Dwarf.Tests.Shell;

public sealed class AccessPictureTests
{
    private const string Red = "#d1242f";

    [Fact]
    public void Neighbouring_lanes_are_coalesced()
    {
        var sample = Sample("global", lane => 4 * lane);
        Assert.Equal("load of 4 B by 32 lanes: 4 sectors of 32 B (least 4), coalesced", AccessPicture.Verdict(sample));
        Assert.DoesNotContain(Red, AccessPicture.Draw(sample), StringComparison.Ordinal);
    }

    [Fact]
    public void A_column_of_a_matrix_moves_eight_times_what_is_needed()
    {
        var sample = Sample("global", lane => 256 * lane);
        Assert.Equal("load of 4 B by 32 lanes: 32 sectors of 32 B (least 4), 8 times what is needed", AccessPicture.Verdict(sample));
        Assert.Equal(31, Regex.Count(AccessPicture.Draw(sample), Red));     // a gap before every sector but the first
    }

    [Fact]
    public void A_row_that_begins_inside_a_sector_touches_one_more()
    {
        Assert.Contains("5 sectors of 32 B (least 4)", AccessPicture.Verdict(Sample("global", lane => 20 + (4 * lane))), StringComparison.Ordinal);
    }

    [Fact]
    public void A_column_of_shared_memory_meets_in_one_bank()
    {
        var sample = Sample("shared", lane => 128 * lane);
        Assert.Equal("load of 4 B by 32 lanes: 32 of shared memory's passes (least 1), 32-way conflict in the fullest bank", AccessPicture.Verdict(sample));
        Assert.Equal(31, Regex.Count(AccessPicture.Draw(sample), Red));     // every word but the first of the bank waits
    }

    [Fact]
    public void Padding_takes_the_conflict_away_and_broadcasts_are_free()
    {
        Assert.EndsWith("(least 1), no bank conflict", AccessPicture.Verdict(Sample("shared", lane => 132 * lane)), StringComparison.Ordinal);
        Assert.Contains(": 1 of shared", AccessPicture.Verdict(Sample("shared", _ => 64)), StringComparison.Ordinal);
    }

    [Fact]
    public void Lanes_that_take_no_part_are_not_counted()
    {
        var sample = Sample("global", lane => lane < 8 ? 4 * lane : null);
        Assert.Equal("load of 4 B by 8 lanes: 1 sectors of 32 B (least 1), coalesced", AccessPicture.Verdict(sample));
    }

    private static AccessSample Sample(string space, Func<int, long?> address) =>
        new(space, "read", 4, "x", 0, 0, [.. Enumerable.Range(0, 32).Select(address)]);
}

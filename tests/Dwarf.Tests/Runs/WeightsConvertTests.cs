using Dwarf.Tests.Shell;
using Engine.Tensors;
using Engine.Tensors.Safetensors;
using Xunit;

namespace Dwarf.Tests.Runs;

/// <summary>A checkpoint that PyTorch wrote and the safetensors made of it are the same weights to every verb.</summary>
public sealed class WeightsConvertTests : IDisposable
{
    private readonly TinyRun _run = TinyRun.Phantom();

    private static string Checkpoint => Golden("kad.pt");

    private string Converted => _run.In("kad.safetensors");

    public void Dispose() => _run.Dispose();

    [Theory]
    [InlineData("kinds.pt")]
    [InlineData("kad.pt")]
    public void Names_types_shapes_bits_and_metadata_are_kept(string name)
    {
        Convert(Golden(name), Converted);
        using var before = WeightArchive.Open(Golden(name));
        using var after = SafetensorsFile.Open(Converted);
        Assert.Equal(before.Entries.Select(e => (e.Name, e.Stored, e.Shape)), after.Entries.Select(e => (e.Name, e.Stored, e.Shape)));
        Assert.All(before.Entries, e => Assert.Equal(Stored(before, e), Stored(after, after.Find(e.Name)!)));
        Assert.Equal(before.Metadata.OrderBy(m => m.Key), after.Metadata.OrderBy(m => m.Key));

        string again = _run.In("again.safetensors");
        Convert(Converted, again);
        Assert.Equal(File.ReadAllBytes(Converted), File.ReadAllBytes(again));
    }

    [Fact]
    public void A_file_that_exists_is_replaced_by_force_alone_and_never_in_part()
    {
        File.WriteAllText(Converted, "precious");
        var refused = Invocation.Of("weights", "convert", Checkpoint, Converted);
        Assert.Equal((73, "", "precious"), (refused.Code, refused.Out, File.ReadAllText(Converted)));
        Assert.Contains("exists already", refused.Error, StringComparison.Ordinal);

        string cut = _run.In("cut.pt");
        File.WriteAllBytes(cut, File.ReadAllBytes(Checkpoint)[..^9]);
        Assert.Equal(65, Invocation.Of("weights", "convert", cut, Converted, "--force").Code);
        Assert.Equal("precious", File.ReadAllText(Converted));

        var forced = Invocation.Of("weights", "convert", Checkpoint, Converted, "--force", "--json");
        Assert.True(forced.Code == 0, forced.Error);
        Assert.Equal(forced.Out, Invocation.Of("weights", "inspect", Converted, "--json").Out);
        Assert.Equal(forced.Out, Invocation.Of("weights", "inspect", Checkpoint, "--json").Out);
        Assert.Equal(64, Invocation.Of("weights", "convert", Checkpoint, _run.In("other.pt")).Code);
        Assert.Equal(66, Invocation.Of("weights", "convert", _run.In("absent.pt"), _run.In("other.safetensors")).Code);
        Assert.Equal(74, Invocation.Of("weights", "convert", Checkpoint, _run.In("no/folder.safetensors")).Code);
        Assert.Empty(Directory.GetFiles(_run.Root, "*.tmp"));
    }

    private static string Golden(string name)
        => Path.Combine(Path.GetDirectoryName(Dwarf.Tests.Model.GoldenTests.Golden("weights"))!, "..", "weights", name);

    private static void Convert(string from, string to)
    {
        var run = Invocation.Of("weights", "convert", from, to);
        Assert.True(run.Code == 0, run.Error);
    }

    private static byte[] Stored(WeightArchive file, TensorEntry entry)
    {
        var bytes = new byte[entry.StoredBytes];
        file.ReadStored(entry, 0, bytes);
        return bytes;
    }
}

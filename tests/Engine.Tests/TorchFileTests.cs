using System.Globalization;
using System.Text.Json;
using Engine.Tensors;
using Xunit;

namespace Engine.Tests;

/// <summary>Checkpoints that PyTorch wrote (tests/golden/weights/make.py) are read as PyTorch reads them.</summary>
public sealed class TorchFileTests
{
    public static string Golden(string name) => Source.Path("tests", "golden", "weights", name);

    [Fact]
    public void Every_type_stride_and_nesting_is_read_as_pytorch_reads_it()
    {
        using var file = WeightArchive.Open(Golden("kinds.pt"));
        using var expected = JsonDocument.Parse(File.ReadAllText(Golden("kinds.json")));
        var all = expected.RootElement.EnumerateArray().ToList();
        Assert.Equal(all.Select(e => e.GetProperty("name").GetString()), file.Entries.Select(e => e.Name));
        foreach (var (entry, found) in all.Zip(file.Entries))
        {
            Assert.Equal(entry.GetProperty("type").GetString(), found.Stored.Label());
            Assert.Equal(new Shape([.. entry.GetProperty("shape").EnumerateArray().Select(s => s.GetInt64())]), found.Shape);
            double[] values = [.. entry.GetProperty("values").EnumerateArray().Select(Number)];
            Assert.Equal(values, Doubles(file.Read(found.Name)));
        }
    }

    [Fact]
    public void Numbers_and_text_in_dictionaries_are_metadata()
    {
        using var file = WeightArchive.Open(Golden("kinds.pt"));
        string[] found = [.. file.Metadata.OrderBy(m => m.Key, StringComparer.Ordinal).Select(m => $"{m.Key}={m.Value}")];
        string[] expected =
        [
            "big=1180591620717411303424", "config.optimizer.lr=5E-05", "config.optimizer.opt=adamW", "epoch=12", "lr=0.001",
            "note=Grüße\n", "on=true",
        ];
        Assert.Equal(expected, found);
    }

    [Fact]
    public void A_checkpoint_of_kad_is_read_with_optimiser_schedule_and_settings()
    {
        using var file = WeightArchive.Open(Golden("kad.pt"));
        Assert.Equal(("3", "224"), (file.Metadata["epoch"], file.Metadata["config.img_res"]));
        Assert.Equal(new Shape([48, 16]), file.Find("model.decoder.layers.0.self_attn.in_proj_weight")!.Shape);
        Assert.Equal(StoredType.I64, file.Find("text_encoder.bert_model.embeddings.position_ids")!.Stored);
        Assert.Equal(new Shape([16]), file.Find("optimizer.state.0.exp_avg")!.Shape);
        Assert.Equal(Doubles(file.Read("model.decoder_norm.weight")), Doubles(file.Read("model.decoder.norm.weight")));
    }

    [Theory]
    [InlineData("slice")]
    [InlineData("transposed")]
    public void A_stretch_of_a_strided_view_is_what_the_whole_has_there(string name)
    {
        using var file = WeightArchive.Open(Golden("kinds.pt"));
        var entry = file.Find("nested." + name)!;
        var whole = file.Read(entry.Name);
        for (int from = 0; from < entry.StoredBytes; from += 4)
        {
            var part = new byte[entry.StoredBytes - from];
            file.ReadStored(entry, from, part);
            Assert.Equal(whole.ByteSpan(from, part.Length).ToArray(), part);
        }
    }

    private static double Number(JsonElement value) => value.ValueKind == JsonValueKind.Number
        ? value.GetInt64()
        : value.GetString() == "inf" ? double.PositiveInfinity : double.Parse(value.GetString()!, CultureInfo.InvariantCulture);

    private static double[] Doubles(Tensor tensor) => tensor.DType switch
    {
        DType.I64 => [.. tensor.ToArray<long>().Select(v => (double)v)],
        DType.Bool => [.. tensor.ToArray<byte>().Select(v => (double)v)],
        _ => tensor.To(DType.F64).ToArray<double>(),
    };
}

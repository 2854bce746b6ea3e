using System.Globalization;
using System.Security.Cryptography;
using CsCheck;
using Dwarf.Training.Imaging;
using Xunit;

namespace Dwarf.Tests.Data;

public class ResizeTests
{
    [Fact]
    public void Resizing_gives_the_bytes_that_PIL_gives()
    {
        foreach (string[] line in GoldenTable.Lines("resize.csv"))
        {
            int[] size = line[..4].Select(text => int.Parse(text, CultureInfo.InvariantCulture)).ToArray();
            var filter = Enum.Parse<ResizeFilter>(line[4]);
            byte[] found = PilResize.Resize(GoldenTable.Noise(size[0] * size[1]), size[0], size[1], size[2], size[3], filter);
            Assert.True(found.AsSpan().SequenceEqual(Convert.FromBase64String(line[5])), string.Join(',', line[..5]));
        }
    }

    [Fact]
    public void Radiographs_large_and_odd_sizes_become_the_bytes_that_PIL_gives()
    {
        foreach (string[] line in GoldenTable.Lines("large.csv"))
        {
            int[] size = line[..4].Select(text => int.Parse(text, CultureInfo.InvariantCulture)).ToArray();
            var filter = Enum.Parse<ResizeFilter>(line[4]);
            byte[] found = PilResize.Resize(GoldenTable.Noise(size[0] * size[1]), size[0], size[1], size[2], size[3], filter);
            Assert.True(Convert.ToHexStringLower(SHA256.HashData(found)) == line[5], string.Join(',', line[..5]));
        }
    }

    [Fact]
    public void A_flat_picture_stays_flat_at_any_size() =>
        Gen.Select(Gen.Int[1, 40], Gen.Int[1, 40], Gen.Int[1, 40], Gen.Int[1, 40], Gen.Byte).Sample((w, h, newW, newH, value) =>
        {
            byte[] flat = Enumerable.Repeat(value, w * h).ToArray();
            foreach (var filter in Enum.GetValues<ResizeFilter>())
            {
                Assert.All(PilResize.Resize(flat, w, h, newW, newH, filter), found => Assert.Equal(value, found));
            }
        });

    [Fact]
    public void Map_interpolation_uses_half_pixel_centres_and_repeats_edges()
    {
        var found = new float[8];
        MapResize.Bilinear([0f, 1f], 2, 1, found, 4, 2);
        Assert.Equal([0f, 0.25f, 0.75f, 1f, 0f, 0.25f, 0.75f, 1f], found);
        var smaller = new float[2];
        MapResize.Bilinear([0f, 1f, 2f, 3f, 4f, 5f, 6f, 7f], 8, 1, smaller, 2, 1);
        Assert.Equal([1.5f, 5.5f], smaller);
    }

    [Fact]
    public void A_map_at_its_own_size_is_unchanged() =>
        Gen.Select(Gen.Int[1, 9], Gen.Int[1, 9], Gen.Float[0, 1].Array[81]).Sample((w, h, values) =>
        {
            var found = new float[w * h];
            MapResize.Bilinear(values.AsSpan(0, w * h), w, h, found, w, h);
            Assert.Equal(values[..(w * h)], found);
        });

    [Fact]
    public void Bytes_survive_the_way_to_floats_and_back()
    {
        byte[] all = Enumerable.Range(0, 256).Select(value => (byte)value).ToArray();
        Assert.Equal(all, GrayImage.FromBytes(16, 16, all).ToBytes());
        Assert.Equal([0, 255], new GrayImage(2, 1, [-3f, 7f]).ToBytes());
    }
}

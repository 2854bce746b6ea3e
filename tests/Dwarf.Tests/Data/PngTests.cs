using System.Buffers.Binary;
using System.Globalization;
using CsCheck;
using Dwarf.Training.Imaging;
using Engine.Tensors;
using Xunit;

namespace Dwarf.Tests.Data;

public class PngTests
{
    [Fact]
    public void Every_form_of_PNG_decodes_to_the_known_samples_and_to_PILs_grey()
    {
        foreach (string[] line in GoldenTable.Lines("png.csv"))
        {
            var found = PngReader.Decode(Convert.FromBase64String(line[1]), line[0]);
            byte[] words = Convert.FromBase64String(line[4]);
            ushort[] samples = Enumerable.Range(0, words.Length / 2)
                .Select(i => BinaryPrimitives.ReadUInt16BigEndian(words.AsSpan(2 * i))).ToArray();
            Assert.Equal(int.Parse(line[2], CultureInfo.InvariantCulture), found.Channels);
            Assert.Equal(int.Parse(line[3], CultureInfo.InvariantCulture), found.MaxValue);
            Assert.True(samples.AsSpan().SequenceEqual(found.Samples), line[0]);
            if (line[5] != "-")
            {
                Assert.True(found.ToGray().ToBytes().AsSpan().SequenceEqual(Convert.FromBase64String(line[5])), line[0]);
            }
        }
    }

    [Fact]
    public void What_is_written_reads_back() =>
        Gen.Select(Gen.Int[1, 20], Gen.Int[1, 20], Gen.Int[0, 2], Gen.Byte.Array[1600]).Sample((w, h, form, noise) =>
        {
            int channels = form == 0 ? 1 : form + 2;
            byte[] samples = noise[..(w * h * channels)];
            var found = PngReader.Decode(PngWriter.Encode(w, h, channels, samples), "written");
            Assert.Equal((w, h, channels), (found.Width, found.Height, found.Channels));
            Assert.Equal(samples, Array.ConvertAll(found.Samples, value => (byte)value));
        });

    [Fact]
    public void Sixteen_bits_are_kept()
    {
        string[] line = GoldenTable.Lines("png.csv").First(l => l[0].StartsWith("colour 0 depth 16", StringComparison.Ordinal));
        var image = PngReader.Decode(Convert.FromBase64String(line[1]), line[0]);
        Assert.Contains(image.ToGray().Pixels, pixel => MathF.Abs((pixel * 255) - MathF.Round(pixel * 255)) > 0.1f);
    }

    [Fact]
    public void A_file_cut_anywhere_is_an_error_that_names_file_and_place()
    {
        byte[] whole = PngWriter.Encode(13, 9, 1, GoldenTable.Noise(13 * 9));
        for (int length = 0; length < whole.Length; length++)
        {
            var error = Assert.Throws<DwarfException>(() => PngReader.Decode(whole.AsSpan(0, length), "cut.png"));
            Assert.Equal(ErrorKind.Content, error.Kind);
            Assert.StartsWith("cut.png: byte ", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_flipped_bit_anywhere_is_an_error()
    {
        byte[] whole = PngWriter.Encode(13, 9, 1, GoldenTable.Noise(13 * 9));
        for (int i = 0; i < 8 * whole.Length; i++)
        {
            byte[] damaged = (byte[])whole.Clone();
            damaged[i / 8] ^= (byte)(1 << (i % 8));
            Assert.Equal(ErrorKind.Content, Assert.Throws<DwarfException>(() => PngReader.Decode(damaged, "flipped.png")).Kind);
        }
    }

    [Theory]
    [InlineData(30000, 30000, "30000x30000 pixels, more than the limit")]
    [InlineData(int.MaxValue, int.MaxValue, "more than the limit")]
    [InlineData(0, 5, "found 0x5")]
    public void Impossible_sizes_are_refused_from_the_header(int width, int height, string says)
    {
        byte[] file = WithHeader(PngWriter.Encode(4, 4, 1, new byte[16]), width, height);
        long before = GC.GetAllocatedBytesForCurrentThread();
        var error = Assert.Throws<DwarfException>(() => PngReader.Decode(file, "big.png"));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(4, 3, "more pixels than the header promises")]
    [InlineData(4, 5, "row 4: the pixels end here")]
    public void A_header_unlike_its_pixels_is_refused(int width, int height, string says)
    {
        byte[] file = WithHeader(PngWriter.Encode(4, 4, 1, new byte[16]), width, height);
        var error = Assert.Throws<DwarfException>(() => PngReader.Decode(file, "liar.png"));
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Random_bytes_after_the_signature_never_escape_as_another_exception() =>
        Gen.Byte.Array[0, 200].Sample(noise =>
        {
            byte[] file = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, .. noise];
            Assert.Throws<DwarfException>(() => PngReader.Decode(file, "noise.png"));
        });

    /// <summary>Another size in a valid header, checksum included.</summary>
    private static byte[] WithHeader(byte[] file, int width, int height)
    {
        BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(16), width);
        BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(20), height);
        uint crc = uint.MaxValue;
        foreach (byte value in file.AsSpan(12, 17))
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0xEDB88320u : crc >> 1;
            }
        }

        BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan(29), ~crc);
        return file;
    }
}

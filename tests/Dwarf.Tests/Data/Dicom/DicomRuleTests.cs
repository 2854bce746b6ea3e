using Dwarf.Training.Imaging.Dicom;
using Xunit;
using static Dwarf.Tests.Data.Dicom.DicomFile;

namespace Dwarf.Tests.Data.Dicom;

public class DicomRuleTests
{
    private const uint Pixels = 0x7FE00010;

    [Fact]
    public void LINEAR_EXACT_spans_the_width_itself()
    {
        var file = new DicomFile().Set(0x00281050, "DS", "5").Set(0x00281051, "DS", "10").Set(0x00281056, "CS", "LINEAR_EXACT");
        Assert.Equal(Enumerable.Range(0, 12).Select(v => (ushort)Math.Floor((Math.Clamp(v / 10.0, 0, 1) * 255) + 0.5)), Read(file));
    }

    [Fact]
    public void Padding_is_black_whatever_the_picture_and_stretches_nothing()
    {
        foreach (string photometric in (string[])["MONOCHROME1", "MONOCHROME2"])
        {
            byte[] words = [.. new[] { 0, 100, 200, 300, 400, 65535, 100, 200, 300, 400, 0, 100 }.SelectMany(v => BitConverter.GetBytes((ushort)v))];
            var file = new DicomFile().Short(0x00280100, 16).Short(0x00280101, 16).Short(0x00280102, 15).Set(0x00280004, "CS", photometric)
                .Set(Pixels, "OW", words).Short(0x00280120, 65535).Short(0x00280121, 65535);
            ushort[] straight = [0, 64, 128, 191, 255, 0, 64, 128, 191, 255, 0, 64];
            ushort[] inverse = [255, 191, 128, 64, 0, 0, 191, 128, 64, 0, 255, 191];
            Assert.Equal(photometric == "MONOCHROME2" ? straight : inverse, Read(file));
        }
    }

    [Fact]
    public void A_flat_picture_of_16_bits_is_black()
    {
        var file = new DicomFile().Short(0x00280100, 16).Short(0x00280101, 12).Short(0x00280102, 11).Set(Pixels, "OW", new byte[24]);
        Assert.All(Read(file), sample => Assert.Equal(0, sample));
    }

    [Fact]
    public void A_LUT_that_says_0_entries_has_65536()
    {
        byte[] data = [.. Enumerable.Range(0, 65536).SelectMany(v => BitConverter.GetBytes((ushort)(65535 - v)))];
        byte[] words = [.. Enumerable.Range(0, 12).SelectMany(v => BitConverter.GetBytes((ushort)(v * 5000)))];
        var file = new DicomFile().Short(0x00280100, 16).Short(0x00280101, 16).Short(0x00280102, 15).Set(Pixels, "OW", words)
            .Raw(0x00283010, Lut(0x00283010, [0, 0, 16], data));
        Assert.Equal(Enumerable.Range(0, 12).Select(v => (ushort)Math.Floor(((65535 - (v * 5000)) / 257.0) + 0.5)), Read(file));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Colours_become_grey_as_in_other_formats(int planar)
    {
        byte[] interleaved = [.. Enumerable.Range(0, 36).Select(i => (byte)(i * 7))];
        byte[] planes = [.. Enumerable.Range(0, 36).Select(i => interleaved[(i % 12 * 3) + (i / 12)])];
        var file = new DicomFile().Short(0x00280002, 3).Set(0x00280004, "CS", "RGB").Short(0x00280006, planar).Set(Pixels, "OB", planar == 0 ? interleaved : planes);
        var picture = DicomReader.Decode(file.Bytes(), "colour.dcm");
        Assert.Equal(3, picture.Channels);
        Assert.Equal(Array.ConvertAll(interleaved, value => (ushort)value), picture.Samples);
        ushort[] luma = Read(file.Set(0x00280004, "CS", "YBR_FULL"));
        Assert.Equal(Enumerable.Range(0, 12).Select(i => (ushort)interleaved[3 * i]), luma);
    }

    [Fact]
    public void Icons_and_private_sequences_before_the_pixels_are_passed_over()
    {
        byte[] icon = [.. Mark(0xFFFEE000, Undefined), .. Element(0x00280010, "US", [9, 0]), .. Pieces([1, 2]), .. Mark(0xFFFEE00D, 0), .. Mark(0xFFFEE0DD, 0)];
        byte[] hidden = [.. Mark(0xFFFEE000, Undefined), .. Mark(0x00280010, 2), 9, 0, .. Mark(0xFFFEE00D, 0), .. Mark(0xFFFEE0DD, 0)];
        var file = new DicomFile().Set(0x00880200, "SQ", icon, Undefined).Set(0x00091001, "UN", hidden, Undefined).Set(0x00102000, "LO", [65, 66, 67]);
        Assert.Equal(Enumerable.Range(0, 12).Select(value => (ushort)value), Read(file));
    }

    private static ushort[] Read(DicomFile file) => DicomReader.Decode(file.Bytes(), "file.dcm").Samples;
}

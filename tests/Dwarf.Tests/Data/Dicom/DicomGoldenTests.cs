using System.Globalization;
using System.Security.Cryptography;
using Dwarf.Training.Imaging;
using Dwarf.Training.Imaging.Dicom;
using Xunit;

namespace Dwarf.Tests.Data.Dicom;

public class DicomGoldenTests
{
    public static TheoryData<string> Names => [.. GoldenTable.Lines("dicom.csv").Select(line => line[0])];

    /// <summary>
    /// dcmtk cuts off what is below a grey level where we round, and where it scales whole ranges they end one step later (256/4096 for 255/4095,
    /// 4 for 255/63), MONOCHROME1's among them: its pixels differ by one level then. The standard's formulas as pydicom has them tell which is right.
    /// </summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void Pixels_are_those_of_dcmtk_and_the_formulas_rounded_once(string name)
    {
        string[] line = GoldenTable.Lines("dicom.csv").Single(l => l[0] == name);
        var found = DicomReader.Decode(Convert.FromBase64String(line[1]), name);
        byte[] rendered = Convert.FromBase64String(line[5]);
        Assert.Equal(
            (int.Parse(line[3], CultureInfo.InvariantCulture), int.Parse(line[4], CultureInfo.InvariantCulture), 1, 255),
            (found.Width, found.Height, found.Channels, found.MaxValue));
        Assert.Equal(rendered.Length, found.Samples.Length);
        int worst = found.Samples.Select((sample, i) => Math.Abs(sample - rendered[i])).Max();
        Assert.InRange(worst, 0, name.StartsWith("6 bit", StringComparison.Ordinal) ? 3 : line[2] != "-" || name.Contains("monochrome1", StringComparison.Ordinal) ? 1 : 0);
        if (line[6] != "-")
        {
            double[] exact = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, double>(Convert.FromBase64String(line[6])).ToArray();
            Assert.Equal(exact.Length, found.Samples.Length);
            Assert.InRange(exact.Select((value, i) => Math.Abs(found.Samples[i] - value)).Max(), 0, 0.5 + 1e-9);
            Assert.True(exact.Distinct().Count() > 2 || name == "window of width 1");
        }
    }

    [Fact]
    public void Inversion_comes_after_the_window_and_changes_nothing_else()
    {
        ushort[] Samples(string name) =>
            DicomReader.Decode(Convert.FromBase64String(GoldenTable.Lines("dicom.csv").Single(l => l[0] == name)[1]), name).Samples;

        ushort[] straight = Samples("window LINEAR MONOCHROME2"), inverse = Samples("window LINEAR MONOCHROME1");
        Assert.Contains(straight, sample => sample is > 0 and < 255);
        for (int i = 0; i < straight.Length; i++)
        {
            Assert.Equal(255 - straight[i], inverse[i]);
        }
    }

    /// <summary>The sum is of the pixels that `dcmj2pnm IN.dcm OUT.pgm` (dcmtk 3.6.7) writes.</summary>
    [Fact]
    public void A_real_chest_radiograph_decodes_to_the_bytes_of_dcmtk_and_its_MONOCHROME1_twin_to_their_inverse()
    {
        byte[] straight = Load("1.2.276.0.7230010.3.1.4.8323329.6904.1517875201.850819.dcm");
        Assert.Equal("938432fbb18d79f48568dc5b1fb06ffd2ace4a4ded4bfc490c35981e58f053fb", Convert.ToHexStringLower(SHA256.HashData(straight)));
        Assert.Equal(Array.ConvertAll(straight, value => (byte)(255 - value)), Load("Fake_MONOHR1.dcm"));
    }

    private static byte[] Load(string name)
    {
        string path = Path.Combine(GoldenTable.Root, "..", "shared", "data", "dicom", name);
        Assert.SkipUnless(File.Exists(path), $"{path} is not there");
        var image = ImageReader.Load(path);
        Assert.Equal((1024, 1024), (image.Width, image.Height));
        return image.ToBytes();
    }
}

using System.Globalization;
using Dwarf.Training.Imaging;
using Engine.Tensors;
using Xunit;

namespace Dwarf.Tests.Data;

public sealed class ImageReaderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dwarf-images-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void JPEG_pixels_are_those_of_PIL()
    {
        foreach (string[] line in GoldenTable.Lines("jpeg.csv"))
        {
            var found = JpegReader.Decode(Convert.FromBase64String(line[1]), line[0]).ToGray();
            Assert.Equal(int.Parse(line[2], CultureInfo.InvariantCulture), found.Width);
            Assert.True(found.ToBytes().AsSpan().SequenceEqual(Convert.FromBase64String(line[4])), line[0]);
        }
    }

    [Fact]
    public void A_cut_JPEG_is_an_error_and_not_half_a_grey_picture()
    {
        byte[] whole = Convert.FromBase64String(GoldenTable.Lines("jpeg.csv")[0][1]);
        for (int length = 3; length < whole.Length - 40; length += 7)
        {
            var error = Assert.Throws<DwarfException>(() => JpegReader.Decode(whole[..length], "cut.jpg"));
            Assert.Equal(ErrorKind.Content, error.Kind);
            Assert.StartsWith("cut.jpg: ", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_JPEG_above_the_limit_is_refused()
    {
        byte[] file = Convert.FromBase64String(GoldenTable.Lines("jpeg.csv")[0][1]);
        Assert.Contains("33x21", Assert.Throws<DwarfException>(() => JpegReader.Decode(file, "big.jpg", maxPixels: 600)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_content_decides_and_not_the_name()
    {
        string path = Write("picture.txt", PngWriter.Encode(2, 1, 1, [0, 255]));
        Assert.Equal([0f, 1f], ImageReader.Load(path).Pixels);
        string jpeg = Write("picture.png", Convert.FromBase64String(GoldenTable.Lines("jpeg.csv")[0][1]));
        Assert.Equal(33, ImageReader.Load(jpeg).Width);
    }

    [Theory]
    [InlineData("GIF89a", "found a file that begins with the bytes 474946383961")]
    [InlineData("", "the file is empty")]
    public void Other_formats_are_refused_by_name(string content, string says)
    {
        string path = Write("other.png", System.Text.Encoding.ASCII.GetBytes(content));
        var error = Assert.Throws<DwarfException>(() => ImageReader.Load(path));
        Assert.Equal(ErrorKind.Content, error.Kind);
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
        Assert.StartsWith(path, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_and_a_folder_are_missing_input()
    {
        Assert.Equal(ErrorKind.MissingInput, Assert.Throws<DwarfException>(() => ImageReader.Load(Path.Combine(_folder, "none.png"))).Kind);
        Assert.Equal(ErrorKind.MissingInput, Assert.Throws<DwarfException>(() => ImageReader.Load(_folder)).Kind);
    }

    [Fact]
    public void Every_shipped_picture_is_grey_and_64_by_64()
    {
        string[] files = Directory.GetFiles(Path.Combine(GoldenTable.ChestMini, "images"));
        Assert.Equal(833, files.Length);
        foreach (string file in files)
        {
            var image = ImageReader.Load(file);
            Assert.Equal((64, 64), (image.Width, image.Height));
            Assert.InRange(image.Pixels.Average(), 0.05f, 0.95f);
        }
    }

    private string Write(string name, byte[] content)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllBytes(path, content);
        return path;
    }
}

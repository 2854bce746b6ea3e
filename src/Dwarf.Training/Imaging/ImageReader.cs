using Dwarf.Training.Data;
using Engine.Tensors;

namespace Dwarf.Training.Imaging;

/// <summary>Reads a picture by what the file holds, whatever its name ends in.</summary>
public static class ImageReader
{
    /// <summary>The picture in grey, 0..1.</summary>
    /// <param name="path">a PNG or JPEG file</param>
    /// <param name="maxPixels">larger pictures are refused before memory is taken</param>
    /// <exception cref="DwarfException">not there (missing input); damaged, cut, too large or another format (content)</exception>
    public static GrayImage Load(string path, long maxPixels = ImageLimits.DefaultMaxPixels)
    {
        byte[] content = InputFile.ReadAllBytes(path);
        if (PngReader.Recognises(content))
        {
            return PngReader.Decode(content, path, maxPixels).ToGray();
        }

        return JpegReader.Recognises(content)
            ? JpegReader.Decode(content, path, maxPixels).ToGray()
            : throw new DwarfException(ErrorKind.Content, $"{path}: expected a PNG or JPEG picture, found {Describe(content)}");
    }

    private static string Describe(byte[] content) =>
        content.Length > 132 && content.AsSpan(128, 4).SequenceEqual("DICM"u8)
            ? "a DICOM file"
            : $"a file that begins with the bytes {Convert.ToHexStringLower(content.AsSpan(0, Math.Min(8, content.Length)))}";
}

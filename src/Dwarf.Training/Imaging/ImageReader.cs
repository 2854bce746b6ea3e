using Dwarf.Training.Data;
using Dwarf.Training.Imaging.Dicom;
using Engine.Tensors;

namespace Dwarf.Training.Imaging;

/// <summary>Reads a picture by what the file holds, whatever its name ends in.</summary>
public static class ImageReader
{
    /// <summary>The picture in grey, 0..1.</summary>
    /// <param name="path">a PNG, JPEG or DICOM file</param>
    /// <param name="maxPixels">larger pictures are refused before memory is taken</param>
    /// <exception cref="DwarfException">not there (missing input); damaged, cut, too large or another format (content)</exception>
    public static GrayImage Load(string path, long maxPixels = ImageLimits.DefaultMaxPixels)
    {
        byte[] content = InputFile.ReadAllBytes(path);
        return Decode(content, path, maxPixels).ToGray();
    }

    /// <summary>The picture as its file holds it.</summary>
    /// <param name="content">the file's bytes</param>
    /// <param name="path">its name, for messages</param>
    /// <param name="maxPixels">larger pictures are refused before memory is taken</param>
    /// <exception cref="DwarfException">damaged, cut, too large or another format (content)</exception>
    public static RasterImage Decode(byte[] content, string path, long maxPixels = ImageLimits.DefaultMaxPixels)
    {
        if (PngReader.Recognises(content))
        {
            return PngReader.Decode(content, path, maxPixels);
        }

        if (JpegReader.Recognises(content))
        {
            return JpegReader.Decode(content, path, maxPixels);
        }

        string start = Convert.ToHexStringLower(content.AsSpan(0, Math.Min(8, content.Length)));
        return DicomReader.Recognises(content)
            ? DicomReader.Decode(content, path, maxPixels)
            : throw new DwarfException(
                ErrorKind.Content, $"{path}: expected a PNG, JPEG or DICOM picture, found a file that begins with the bytes {start}");
    }
}

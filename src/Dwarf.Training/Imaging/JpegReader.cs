using System.Runtime.InteropServices;
using Engine.Tensors;
using SkiaSharp;

namespace Dwarf.Training.Imaging;

/// <summary>Reads JPEG files through Skia's codec, which tells when a file is cut; the convenient SKBitmap.Decode would hide it.</summary>
public static class JpegReader
{
    /// <summary>A progressive file may repeat its scans without end; honest encoders use about ten.</summary>
    private const int MaxScans = 256;

    /// <summary>Whether the bytes begin like a JPEG file.</summary>
    public static bool Recognises(ReadOnlySpan<byte> content) => content.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF]);

    /// <summary>
    /// Decodes a whole JPEG file to one grey channel, or to RGB and alpha. EXIF rotation is not applied, as in PIL.
    /// </summary>
    /// <param name="content">the file's bytes</param>
    /// <param name="file">its name, for messages</param>
    /// <param name="maxPixels">larger pictures are refused before memory is taken</param>
    /// <exception cref="DwarfException">damaged, cut or too large (content)</exception>
    public static RasterImage Decode(byte[] content, string file, long maxPixels = ImageLimits.DefaultMaxPixels)
    {
        // Inside compressed data 0xFF is always followed by 0, so that this pair only counts real scans (and, harmlessly, those of a
        // thumbnail).
        int scans = 0;
        for (int i = 0; i + 1 < content.Length; i++)
        {
            scans += content[i] == 0xFF && content[i + 1] == 0xDA ? 1 : 0;
        }

        if (scans > MaxScans)
        {
            throw new DwarfException(ErrorKind.Content, $"{file}: {scans} scans, more than the limit of {MaxScans}");
        }

        using var data = SKData.CreateCopy(content);
        using var codec = SKCodec.Create(data)
            ?? throw new DwarfException(ErrorKind.Content, $"{file}: the header of the JPEG is damaged or cut");
        ImageLimits.Check(file, codec.Info.Width, codec.Info.Height, maxPixels);
        // A block of 8x8 pixels takes a bit at least, so that a few bytes cannot ask for a large picture.
        if (content.Length * 512L < (long)codec.Info.Width * codec.Info.Height)
        {
            throw new DwarfException(
                ErrorKind.Content, $"{file}: the file is cut: {content.Length} bytes are too few for {codec.Info.Width}x{codec.Info.Height} pixels");
        }

        bool isGrey = codec.Info.ColorType == SKColorType.Gray8;
        var info = new SKImageInfo(
            codec.Info.Width,
            codec.Info.Height,
            isGrey ? SKColorType.Gray8 : SKColorType.Rgba8888,
            isGrey ? SKAlphaType.Opaque : SKAlphaType.Unpremul);
        var bytes = new byte[info.BytesSize64];
        SKCodecResult result;
        var pinned = GCHandle.Alloc(bytes, GCHandleType.Pinned);
        try
        {
            result = codec.GetPixels(info, pinned.AddrOfPinnedObject());
        }
        finally
        {
            pinned.Free();
        }

        if (result != SKCodecResult.Success)
        {
            string what = result == SKCodecResult.IncompleteInput ? "the file is cut" : $"the JPEG is damaged ({result})";
            throw new DwarfException(ErrorKind.Content, $"{file}: {what}");
        }

        return new RasterImage(info.Width, info.Height, isGrey ? 1 : 4, byte.MaxValue, Array.ConvertAll(bytes, value => (ushort)value));
    }
}

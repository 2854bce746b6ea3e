using Engine.Tensors;

namespace Dwarf.Training.Imaging.Dicom;

/// <summary>The checked description of a DICOM picture (PS3.3, C.7.6.3).</summary>
/// <param name="Rows">rows</param>
/// <param name="Columns">pixels a row</param>
/// <param name="Channels">1 grey, 3 colour</param>
/// <param name="Photometric">what the numbers mean</param>
/// <param name="IsPlanar">whether colours lie one after the other instead of pixel by pixel</param>
/// <param name="BitsAllocated">8 or 16</param>
/// <param name="BitsStored">1 … 16</param>
/// <param name="HighBit">the highest of the stored bits</param>
/// <param name="IsSigned">whether they are a two's complement</param>
internal sealed record PixelLayout(
    int Rows, int Columns, int Channels, string Photometric, bool IsPlanar, int BitsAllocated, int BitsStored, int HighBit, bool IsSigned)
{
    private static readonly string[] Known =
        ["MONOCHROME1", "MONOCHROME2", "RGB", "YBR_FULL", "YBR_FULL_422", "YBR_PARTIAL_422", "YBR_PARTIAL_420", "YBR_ICT", "YBR_RCT", "PALETTE COLOR",
         "ARGB", "CMYK", "HSV", "XYB"];

    /// <summary>Samples of all channels.</summary>
    public int Count => Rows * Columns * Channels;

    /// <summary>Bytes of the picture unpacked.</summary>
    public long Bytes => (long)Count * (BitsAllocated / 8);

    /// <summary>Reads and checks everything that decides how many bytes there must be.</summary>
    public static PixelLayout Of(DicomElements elements, long maxPixels)
    {
        int rows = elements.RequiredShort(DicomTag.Rows);
        int columns = elements.RequiredShort(DicomTag.Columns);
        if (rows == 0 || columns == 0)
        {
            throw new DwarfException(ErrorKind.Content, $"{elements.File}: a picture of {columns}x{rows} pixels");
        }

        ImageLimits.Check(elements.File, columns, rows, maxPixels);
        if (elements.Whole(DicomTag.Frames) is long frames and not 1)
        {
            throw elements.Wrong(DicomTag.Frames, $"only pictures of a single frame are read, found {frames} frames");
        }

        string photometric = elements.Text(DicomTag.Photometric, "CS") is { Length: > 0 } text ? text : throw elements.Wrong(DicomTag.Photometric, "is missing");
        int channels = elements.RequiredShort(DicomTag.SamplesPerPixel);
        bool isGrey = photometric is "MONOCHROME1" or "MONOCHROME2";
        if (!isGrey && photometric is not ("RGB" or "YBR_FULL" or "YBR_FULL_422"))
        {
            // Anything else in this place is not repeated: it might not be meant to be read.
            throw elements.Wrong(
                DicomTag.Photometric,
                $"expected MONOCHROME1, MONOCHROME2, RGB, YBR_FULL or YBR_FULL_422, found {(Known.Contains(photometric) ? photometric : "something unknown")}");
        }

        if (channels != (isGrey ? 1 : 3))
        {
            throw elements.Wrong(DicomTag.SamplesPerPixel, $"expected {(isGrey ? 1 : 3)} for {photometric}, found {channels}");
        }

        int allocated = elements.RequiredShort(DicomTag.BitsAllocated);
        if (allocated != 8 && (allocated != 16 || !isGrey))
        {
            throw elements.Wrong(DicomTag.BitsAllocated, $"expected {(isGrey ? "8 or 16" : "8 in colour")}, found {allocated}");
        }

        int stored = elements.RequiredShort(DicomTag.BitsStored);
        if (stored < 1 || stored > allocated || (!isGrey && stored != 8))
        {
            throw elements.Wrong(DicomTag.BitsStored, $"expected {(isGrey ? $"1 to {allocated}" : "8")}, found {stored}");
        }

        int highBit = elements.Short(DicomTag.HighBit) ?? (stored - 1);
        if (highBit < stored - 1 || highBit >= allocated)
        {
            throw elements.Wrong(DicomTag.HighBit, $"expected {stored - 1} to {allocated - 1}, found {highBit}");
        }

        int sign = elements.RequiredShort(DicomTag.PixelRepresentation);
        if (sign > 1)
        {
            throw elements.Wrong(DicomTag.PixelRepresentation, $"expected 0 or 1, found {sign}");
        }

        int planar = channels == 1 ? 0 : elements.Short(DicomTag.PlanarConfiguration) ?? 0;
        return planar <= 1
            ? new PixelLayout(rows, columns, channels, photometric, planar == 1, allocated, stored, highBit, sign == 1)
            : throw elements.Wrong(DicomTag.PlanarConfiguration, $"expected 0 or 1, found {planar}");
    }
}

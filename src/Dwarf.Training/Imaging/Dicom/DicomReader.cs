using System.IO.Compression;
using Engine.Tensors;

namespace Dwarf.Training.Imaging.Dicom;

/// <summary>
/// Reads single-frame DICOM pictures. Grey ones go from stored values through modality LUT or rescale, VOI LUT or window, and only then
/// through MONOCHROME1's inversion; they are rounded once, to the 8 bits that a network sees. No message repeats what a file says of a patient.
/// </summary>
public static class DicomReader
{
    private const int Preamble = 128;

    /// <summary>Room for everything in a deflated file that is not its picture.</summary>
    private const int OtherBytes = 1 << 24;

    /// <summary>Whether the bytes begin like a DICOM file, with its preamble or without.</summary>
    /// <param name="content">the file's bytes</param>
    public static bool Recognises(ReadOnlySpan<byte> content) => HasPreamble(content)
        || content.StartsWith((ReadOnlySpan<byte>)[2, 0, 0, 0, (byte)'U', (byte)'L'])
        || IsBareDataset(content);

    /// <summary>Decodes a whole DICOM file.</summary>
    /// <param name="content">the file's bytes</param>
    /// <param name="file">its name, for messages</param>
    /// <param name="maxPixels">larger pictures are refused before memory is taken</param>
    /// <returns>8 bits: one channel, black to white as a reader of X-rays sees it; or the colours of a colour picture</returns>
    /// <exception cref="DwarfException">damaged, cut, no transfer syntax or pixels, several frames, a coding that is not read, too large (content)</exception>
    public static RasterImage Decode(byte[] content, string file, long maxPixels = ImageLimits.DefaultMaxPixels)
    {
        if (!HasPreamble(content) && IsBareDataset(content))
        {
            throw NoSyntax(file);
        }

        var header = new DicomElements(file, content, isBigEndian: false);
        int position = new DicomParser(header, TransferSyntax.ExplicitLittle).ReadMeta(HasPreamble(content) ? Preamble + 4 : 0);
        string identifier = header.Text(DicomTag.TransferSyntax, "UI") is { Length: > 0 } text ? text : throw NoSyntax(file);
        var syntax = TransferSyntax.Find(identifier) ?? throw header.Wrong(
            DicomTag.TransferSyntax, $"'{(identifier.All(c => char.IsAsciiDigit(c) || c == '.') ? identifier : "?")}' is no transfer syntax that is known here");
        if (syntax.Coding == PixelCoding.Foreign)
        {
            throw header.Wrong(
                DicomTag.TransferSyntax, $"{syntax.Name} is not read; write the file anew with its pixels unpacked: gdcmconv --raw IN.dcm OUT.dcm");
        }

        if (syntax.IsDeflated)
        {
            (content, position) = (Inflate(content, position, file, (2 * maxPixels) + OtherBytes), 0);
        }

        var elements = new DicomElements(file, content, syntax.IsBigEndian);
        new DicomParser(elements, syntax).ReadDataset(position);
        return Picture(elements, syntax, maxPixels);
    }

    private static RasterImage Picture(DicomElements elements, TransferSyntax syntax, long maxPixels)
    {
        if (!elements.Has(DicomTag.Pixels))
        {
            bool isFloat = elements.Has(DicomTag.FloatPixels) || elements.Has(DicomTag.DoublePixels);
            throw new DwarfException(
                ErrorKind.Content, $"{elements.File}: {(isFloat ? "pixels are floating-point numbers; only whole ones are read" : "the file holds no pixels")}");
        }

        var layout = PixelLayout.Of(elements, maxPixels);
        bool isEncapsulated = elements.Find(DicomTag.Pixels)!.Value.Length < 0;
        if (isEncapsulated != (syntax.Coding != PixelCoding.Native))
        {
            throw elements.Wrong(DicomTag.Pixels, $"{syntax.Name} does not go with {(isEncapsulated ? "pixels in pieces" : "unpacked pixels")}");
        }

        layout = syntax.Coding == PixelCoding.RunLength ? layout with { IsPlanar = true } : layout;
        ushort[] samples = syntax.Coding switch
        {
            PixelCoding.Native => NativePixels.Decode(elements, layout),
            PixelCoding.RunLength => RunLengthPixels.Decode(elements, layout),
            PixelCoding.JpegLossless => LosslessPixels(elements, layout),
            _ => JpegPixels(elements, layout, maxPixels),
        };
        return layout.Channels == 1
            ? new RasterImage(layout.Columns, layout.Rows, 1, byte.MaxValue, GreyPipeline.Apply(elements, layout, samples))
            : ColourPixels.Arrange(layout, samples, isJpeg: syntax.Coding == PixelCoding.Jpeg);
    }

    private static ushort[] LosslessPixels(DicomElements elements, PixelLayout layout)
    {
        if (layout.Channels != 1)
        {
            throw elements.Wrong(DicomTag.SamplesPerPixel, "JPEG lossless is read in grey only");
        }

        return new JpegLossless(Joined(elements), elements.File).Decode(layout.Columns, layout.Rows);
    }

    private static ushort[] JpegPixels(DicomElements elements, PixelLayout layout, long maxPixels)
    {
        RasterImage picture = JpegReader.Decode(Joined(elements), elements.File, maxPixels);
        if (picture.Width != layout.Columns || picture.Height != layout.Rows)
        {
            throw elements.Wrong(DicomTag.Pixels, $"expected {layout.Columns}x{layout.Rows} pixels, found a JPEG of {picture.Width}x{picture.Height}");
        }

        if ((layout.Channels == 1) != (picture.Channels == 1))
        {
            throw elements.Wrong(DicomTag.Pixels, $"expected {layout.Channels} channels, found a JPEG {(picture.Channels == 1 ? "in grey" : "in colour")}");
        }

        return picture.Samples;
    }

    /// <summary>All pieces in a row: a single frame may be cut anywhere.</summary>
    internal static byte[] Joined(DicomElements elements)
    {
        var whole = new byte[elements.Fragments.Sum(piece => (long)piece.Length)];
        int at = 0;
        foreach ((int offset, int length) in elements.Fragments)
        {
            elements.Content.AsSpan(offset, length).CopyTo(whole.AsSpan(at));
            at += length;
        }

        return whole;
    }

    private static bool HasPreamble(ReadOnlySpan<byte> content) =>
        content.Length >= Preamble + 4 && content.Slice(Preamble, 4).SequenceEqual("DICM"u8);

    /// <summary>A data set without header: its first group is 8, in either byte order, and its first element one of few.</summary>
    private static bool IsBareDataset(ReadOnlySpan<byte> content) =>
        content.Length >= 8 && (content.StartsWith((ReadOnlySpan<byte>)[8, 0]) || content.StartsWith((ReadOnlySpan<byte>)[0, 8]))
        && (content[2] + content[3]) is 0 or 1 or 5 or 8 or 0x16 or 0x18;

    /// <summary>Unpacks twice: once to learn the size, which a bomb does not survive, and once to keep it.</summary>
    private static byte[] Inflate(byte[] content, int position, string file, long limit)
    {
        var buffer = new byte[1 << 16];
        long size = 0;
        try
        {
            using (var counted = Open())
            {
                for (int count = counted.Read(buffer); count > 0; count = counted.Read(buffer))
                {
                    size += count;
                    if (size > limit)
                    {
                        throw new DwarfException(ErrorKind.Content, $"{file}: the deflated data set unpacks to more than the limit of {limit} bytes");
                    }
                }
            }

            var result = new byte[size];
            using var source = Open();
            source.ReadExactly(result);
            return result;
        }
        catch (Exception error) when (error is InvalidDataException or IOException)
        {
            throw new DwarfException(ErrorKind.Content, $"{file}: the deflated data set is damaged", error);
        }

        DeflateStream Open() => new(new MemoryStream(content, position, content.Length - position), CompressionMode.Decompress);
    }

    private static DwarfException NoSyntax(string file) => new(
        ErrorKind.Content,
        $"{file}: {DicomTag.Describe(DicomTag.TransferSyntax)} is missing: a DICOM file that does not say how it is written is not guessed at");
}

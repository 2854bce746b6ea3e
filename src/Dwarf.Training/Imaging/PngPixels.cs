using System.IO.Compression;
using Engine.Tensors;

namespace Dwarf.Training.Imaging;

/// <summary>The second half of reading a PNG: inflate, undo the filters, put each sample in its place.</summary>
internal static class PngPixels
{
    /// <summary>First column, first row, column step, row step of each pass of an interlaced picture.</summary>
    private static readonly (int X, int Y, int StepX, int StepY)[] Passes =
        [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)];

    public static RasterImage Decode(PngHeader header, byte[]? palette, Stream compressed, string file)
    {
        if (header.ColourType == 3 && palette is null)
        {
            throw new DwarfException(ErrorKind.Content, $"{file}: a picture of palette colours without its chunk 'PLTE'");
        }

        int channels = header.ColourType == 3 ? 3 : header.Channels;
        var samples = new ushort[(long)header.Width * header.Height * channels];
        using var zlib = new ZLibStream(compressed, CompressionMode.Decompress);
        bool isPlain = header.BitDepth == 8 && header.ColourType != 3 && !header.Interlaced;
        foreach (var pass in header.Interlaced ? Passes : [(0, 0, 1, 1)])
        {
            int width = (header.Width - pass.Item1 + pass.Item3 - 1) / pass.Item3;
            int height = (header.Height - pass.Item2 + pass.Item4 - 1) / pass.Item4;
            if (width <= 0 || height <= 0)
            {
                continue;
            }

            int rowBytes = header.RowBytes(width);
            var row = new byte[rowBytes + 1];
            var above = new byte[rowBytes + 1];
            for (int y = 0; y < height; y++)
            {
                int imageRow = pass.Item2 + (y * pass.Item4);
                Fill(zlib, row, file, imageRow);
                Unfilter(row, above, header.FilterStep, file, imageRow);
                if (isPlain)
                {
                    Widen(row.AsSpan(1), samples.AsSpan(imageRow * rowBytes, rowBytes));
                }

                for (int x = 0; x < width && !isPlain; x++)
                {
                    long pixel = ((long)imageRow * header.Width) + pass.Item1 + (x * pass.Item3);
                    Place(header, palette, row.AsSpan(1), x, samples.AsSpan((int)(pixel * channels), channels), file, imageRow);
                }

                (row, above) = (above, row);
            }
        }

        RequireEnd(zlib, file);
        return new RasterImage(header.Width, header.Height, channels, header.BitDepth == 16 ? ushort.MaxValue : byte.MaxValue, samples);
    }

    private static void Fill(Stream zlib, byte[] row, string file, int imageRow)
    {
        int count;
        try
        {
            count = zlib.ReadAtLeast(row, row.Length, throwOnEndOfStream: false);
        }
        catch (Exception error) when (error is InvalidDataException or IOException)
        {
            throw new DwarfException(ErrorKind.Content, $"{file}: row {imageRow}: the compressed pixels are damaged", error);
        }

        if (count < row.Length)
        {
            throw new DwarfException(ErrorKind.Content, $"{file}: row {imageRow}: the pixels end here, before the picture does");
        }
    }

    /// <summary>Reads past the last pixel: only there does the decompressor compare its checksum.</summary>
    private static void RequireEnd(Stream zlib, string file)
    {
        int more;
        try
        {
            more = zlib.ReadByte();
        }
        catch (Exception error) when (error is InvalidDataException or IOException)
        {
            throw new DwarfException(ErrorKind.Content, $"{file}: the checksum of the compressed pixels is wrong", error);
        }

        if (more >= 0)
        {
            throw new DwarfException(ErrorKind.Content, $"{file}: more pixels than the header promises");
        }
    }

    /// <summary>Undoes a row's filter in place; row and above begin with their filter byte.</summary>
    private static void Unfilter(byte[] row, byte[] above, int step, string file, int imageRow)
    {
        int filter = row[0];
        if (filter > 4)
        {
            throw new DwarfException(ErrorKind.Content, $"{file}: row {imageRow}: filter must be 0 to 4, found {filter}");
        }

        Span<byte> line = row.AsSpan(1);
        ReadOnlySpan<byte> up = above.AsSpan(1, line.Length);
        switch (filter)
        {
            case 1:
                for (int i = step; i < line.Length; i++)
                {
                    line[i] += line[i - step];
                }

                break;
            case 2:
                for (int i = 0; i < line.Length; i++)
                {
                    line[i] += up[i];
                }

                break;
            case 3:
                for (int i = 0; i < line.Length; i++)
                {
                    line[i] += (byte)(((i >= step ? line[i - step] : 0) + up[i]) >> 1);
                }

                break;
            case 4:
                for (int i = 0; i < line.Length; i++)
                {
                    line[i] += (byte)(i >= step ? PngFormat.Paeth(line[i - step], up[i], up[i - step]) : up[i]);
                }

                break;
        }
    }

    private static void Widen(ReadOnlySpan<byte> row, Span<ushort> samples)
    {
        for (int i = 0; i < row.Length; i++)
        {
            samples[i] = row[i];
        }
    }

    private static void Place(
        PngHeader header, byte[]? palette, ReadOnlySpan<byte> row, int x, Span<ushort> pixel, string file, int imageRow)
    {
        for (int c = 0; c < header.Channels; c++)
        {
            int i = (x * header.Channels) + c;
            int value = header.BitDepth switch
            {
                16 => (row[2 * i] << 8) | row[(2 * i) + 1],
                8 => row[i],
                int bits => (row[i * bits / 8] >> (8 - bits - (i * bits % 8))) & ((1 << bits) - 1),
            };
            if (header.ColourType != 3)
            {
                // 1, 2 and 4 bits are stretched to 8 so that the highest value is white.
                pixel[c] = (ushort)(header.BitDepth < 8 ? value * 255 / ((1 << header.BitDepth) - 1) : value);
                continue;
            }

            if (3 * value >= palette!.Length)
            {
                throw new DwarfException(
                    ErrorKind.Content, $"{file}: row {imageRow}, column {x}: colour {value} is not in the palette of {palette.Length / 3}");
            }

            for (int colour = 0; colour < 3; colour++)
            {
                pixel[colour] = palette[(3 * value) + colour];
            }
        }
    }
}

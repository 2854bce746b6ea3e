using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Engine.Tensors;

namespace Dwarf.Training.Imaging;

/// <summary>Writes 8-bit PNG files without time stamps or other metadata: the same pixels give the same bytes.</summary>
public static class PngWriter
{
    /// <summary>Encodes a picture.</summary>
    /// <param name="width">pixels a row</param>
    /// <param name="height">rows</param>
    /// <param name="channels">1 grey, 3 RGB, 4 RGBA</param>
    /// <param name="samples">[height, width, channels]</param>
    /// <returns>the whole file</returns>
    public static byte[] Encode(int width, int height, int channels, ReadOnlySpan<byte> samples)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentOutOfRangeException.ThrowIfNotEqual(samples.Length, (long)width * height * channels, nameof(samples));
        byte colourType = channels switch
        {
            1 => 0,
            3 => 2,
            4 => 6,
            _ => throw new ArgumentOutOfRangeException(nameof(channels), channels, "expected 1, 3 or 4"),
        };

        using var file = new MemoryStream();
        file.Write(PngFormat.Signature);
        Span<byte> header = stackalloc byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header[4..], height);
        header[8] = 8;
        header[9] = colourType;
        header[10..].Clear();
        WriteChunk(file, "IHDR", header);
        WriteChunk(file, "IDAT", Compress(width * channels, height, channels, samples));
        WriteChunk(file, "IEND", []);
        return file.ToArray();
    }

    /// <summary>Encodes a grey picture at 8 bits.</summary>
    public static byte[] Encode(GrayImage image) => Encode(image.Width, image.Height, 1, image.ToBytes());

    /// <summary>Writes a picture atomically.</summary>
    /// <param name="path">the file; replaced if it exists</param>
    /// <param name="width">pixels a row</param>
    /// <param name="height">rows</param>
    /// <param name="channels">1 grey, 3 RGB, 4 RGBA</param>
    /// <param name="samples">[height, width, channels]</param>
    /// <exception cref="DwarfException">the disk is full and the like (input/output)</exception>
    public static void Write(string path, int width, int height, int channels, ReadOnlySpan<byte> samples)
    {
        byte[] file = Encode(width, height, channels, samples);
        AtomicFile.Write(path, stream => stream.Write(file));
    }

    /// <summary>Writes a grey picture at 8 bits, atomically.</summary>
    public static void Write(string path, GrayImage image) => Write(path, image.Width, image.Height, 1, image.ToBytes());

    /// <summary>Every row under the Paeth filter: good on pictures, and one filter for all keeps the writer plain.</summary>
    private static ReadOnlySpan<byte> Compress(int rowBytes, int rows, int pixelBytes, ReadOnlySpan<byte> samples)
    {
        using var compressed = new MemoryStream();
        using (var zlib = new ZLibStream(compressed, CompressionLevel.Optimal, leaveOpen: true))
        {
            var line = new byte[rowBytes + 1];
            line[0] = 4;
            for (int y = 0; y < rows; y++)
            {
                ReadOnlySpan<byte> row = samples.Slice(y * rowBytes, rowBytes);
                ReadOnlySpan<byte> above = y > 0 ? samples.Slice((y - 1) * rowBytes, rowBytes) : [];
                for (int x = 0; x < rowBytes; x++)
                {
                    int left = x >= pixelBytes ? row[x - pixelBytes] : 0;
                    int up = y > 0 ? above[x] : 0;
                    int upLeft = y > 0 && x >= pixelBytes ? above[x - pixelBytes] : 0;
                    line[x + 1] = (byte)(row[x] - PngFormat.Paeth(left, up, upLeft));
                }

                zlib.Write(line);
            }
        }

        return compressed.ToArray();
    }

    private static void WriteChunk(MemoryStream file, string type, ReadOnlySpan<byte> data)
    {
        var typeAndData = new byte[4 + data.Length];
        Encoding.ASCII.GetBytes(type, typeAndData);
        data.CopyTo(typeAndData.AsSpan(4));
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        file.Write(number);
        file.Write(typeAndData);
        BinaryPrimitives.WriteUInt32BigEndian(number, PngFormat.Crc(typeAndData));
        file.Write(number);
    }
}

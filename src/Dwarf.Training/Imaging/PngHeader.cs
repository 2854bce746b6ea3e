using System.Buffers.Binary;
using Engine.Tensors;

namespace Dwarf.Training.Imaging;

/// <summary>The chunk IHDR: what the rest of a PNG file will hold.</summary>
/// <param name="Width">pixels a row</param>
/// <param name="Height">rows</param>
/// <param name="BitDepth">bits a sample: 1, 2, 4, 8, 16</param>
/// <param name="ColourType">0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGBA</param>
/// <param name="Interlaced">seven passes after Adam M. Costello's scheme instead of one</param>
internal sealed record PngHeader(int Width, int Height, int BitDepth, int ColourType, bool Interlaced)
{
    /// <summary>Samples a pixel in the file; a palette's index counts as one.</summary>
    public int Channels => ColourType switch { 2 => 3, 4 => 2, 6 => 4, _ => 1 };

    /// <summary>Bytes from one pixel to its left neighbour for the filters; at least 1.</summary>
    public int FilterStep => Math.Max(1, Channels * BitDepth / 8);

    /// <summary>Bytes of a row of so many pixels, without its filter byte.</summary>
    public int RowBytes(int pixels) => checked((int)((((long)pixels * Channels * BitDepth) + 7) / 8));

    public static PngHeader Parse(ReadOnlySpan<byte> data, string file)
    {
        if (data.Length != 13)
        {
            throw Wrong(file, $"expected 13 bytes, found {data.Length}");
        }

        uint width = BinaryPrimitives.ReadUInt32BigEndian(data);
        uint height = BinaryPrimitives.ReadUInt32BigEndian(data[4..]);
        if (width is 0 or > int.MaxValue || height is 0 or > int.MaxValue)
        {
            throw Wrong(file, $"width and height must be 1 to {int.MaxValue}, found {width}x{height}");
        }

        int depth = data[8];
        int colourType = data[9];
        bool legal = colourType switch
        {
            0 => depth is 1 or 2 or 4 or 8 or 16,
            3 => depth is 1 or 2 or 4 or 8,
            2 or 4 or 6 => depth is 8 or 16,
            _ => false,
        };
        if (!legal)
        {
            throw Wrong(file, $"colour type {colourType} with bit depth {depth} does not exist");
        }

        return data[10] == 0 && data[11] == 0 && data[12] <= 1
            ? new PngHeader((int)width, (int)height, depth, colourType, data[12] == 1)
            : throw Wrong(file, $"compression, filter and interlace must be 0, 0 and 0 or 1, found {data[10]}, {data[11]} and {data[12]}");
    }

    private static DwarfException Wrong(string file, string what) => new(ErrorKind.Content, $"{file}: byte 8: chunk 'IHDR': {what}");
}

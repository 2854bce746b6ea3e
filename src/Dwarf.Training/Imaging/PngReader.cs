using System.Buffers.Binary;
using System.Text;
using Engine.Tensors;

namespace Dwarf.Training.Imaging;

/// <summary>
/// Reads PNG files of every colour type and depth, interlaced or not. Every checksum is checked: what is cut or damaged is an error that
/// names the file and the place, never a half-grey picture. Transparency (alpha of a palette, colour keys) is not interpreted.
/// </summary>
public static class PngReader
{
    /// <summary>Whether the bytes begin like a PNG file.</summary>
    public static bool Recognises(ReadOnlySpan<byte> content) => content.StartsWith(PngFormat.Signature);

    /// <summary>Decodes a whole PNG file.</summary>
    /// <param name="content">the file's bytes</param>
    /// <param name="file">its name, for messages</param>
    /// <param name="maxPixels">larger pictures are refused before memory is taken</param>
    /// <exception cref="DwarfException">damaged, cut, unknown form or too large (content)</exception>
    public static RasterImage Decode(ReadOnlySpan<byte> content, string file, long maxPixels = ImageLimits.DefaultMaxPixels)
    {
        if (!Recognises(content))
        {
            throw Damaged(file, 0, "not the signature of a PNG file");
        }

        PngHeader? header = null;
        byte[]? palette = null;
        using var compressed = new MemoryStream();
        bool ended = false;
        int position = PngFormat.Signature.Length;
        while (!ended)
        {
            int start = position;
            ReadOnlySpan<byte> data = ReadChunk(content, file, ref position, out string type);
            if (header is null && type != "IHDR")
            {
                throw Damaged(file, start, $"expected chunk 'IHDR' first, found '{type}'");
            }

            switch (type)
            {
                case "IHDR":
                    header = header is null ? PngHeader.Parse(data, file) : throw Damaged(file, start, "a second chunk 'IHDR'");
                    ImageLimits.Check(file, header.Width, header.Height, maxPixels);
                    break;
                case "PLTE":
                    palette = data.Length is > 0 and <= 768 && data.Length % 3 == 0
                        ? data.ToArray()
                        : throw Damaged(file, start, $"chunk 'PLTE' must hold 1 to 256 colours of 3 bytes, found {data.Length} bytes");
                    break;
                case "IDAT":
                    compressed.Write(data);
                    break;
                case "IEND":
                    ended = true;
                    break;
                default:
                    // An upper-case first letter marks a chunk without which the picture cannot be understood.
                    if (char.IsAsciiLetterUpper(type[0]))
                    {
                        throw Damaged(file, start, $"unknown critical chunk '{type}'");
                    }

                    break;
            }
        }

        compressed.Position = 0;
        return PngPixels.Decode(header!, palette, compressed, file);
    }

    private static ReadOnlySpan<byte> ReadChunk(ReadOnlySpan<byte> content, string file, ref int position, out string type)
    {
        int start = position;
        if (content.Length - start < 12)
        {
            throw Damaged(file, start, $"the file is cut: expected another chunk, found {content.Length - start} bytes before the end");
        }

        uint length = BinaryPrimitives.ReadUInt32BigEndian(content[start..]);
        type = Encoding.Latin1.GetString(content.Slice(start + 4, 4));
        if (!type.All(char.IsAsciiLetter))
        {
            throw Damaged(file, start + 4, "expected a chunk's type (four letters)");
        }

        int left = content.Length - start - 12;
        if (length > left)
        {
            throw Damaged(file, start, $"the file is cut: chunk '{type}' has {length} bytes, but only {left} are left for them");
        }

        position = start + 12 + (int)length;
        uint expected = PngFormat.Crc(content.Slice(start + 4, 4 + (int)length));
        uint found = BinaryPrimitives.ReadUInt32BigEndian(content[(position - 4)..]);
        return expected == found
            ? content.Slice(start + 8, (int)length)
            : throw Damaged(file, start, $"chunk '{type}' is damaged: expected checksum {expected:x8}, found {found:x8}");
    }

    private static DwarfException Damaged(string file, int position, string what) =>
        new(ErrorKind.Content, $"{file}: byte {position}: {what}");
}

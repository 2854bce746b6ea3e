using System.Buffers.Binary;
using Engine.Tensors;

namespace Dwarf.Training.Imaging.Dicom;

/// <summary>
/// Decodes lossless JPEG of one channel and 2 to 16 bits (ITU-T T.81, annex H: process 14, any of the seven predictors; DICOM prefers the first).
/// </summary>
/// <param name="content">from SOI to EOI</param>
/// <param name="file">its name, for messages</param>
internal sealed class JpegLossless(byte[] content, string file)
{
    private readonly HuffmanTable?[] _tables = new HuffmanTable?[4];
    private int _precision;
    private int _restart;

    /// <summary>Decodes to samples of 16 bits.</summary>
    /// <param name="width">what the DICOM file promises</param>
    /// <param name="height">what the DICOM file promises</param>
    public ushort[] Decode(int width, int height)
    {
        // Every pixel takes a bit at least, so that a few bytes cannot ask for a large picture.
        if (content.Length * 8L < (long)width * height)
        {
            throw Damaged($"{content.Length} bytes are too few for {width}x{height} pixels");
        }

        int position = Expect(0, 0xD8);
        while (true)
        {
            while (position + 1 < content.Length && content[position] == 0xFF && content[position + 1] == 0xFF)
            {
                position++;
            }

            if (position + 4 > content.Length || content[position] != 0xFF)
            {
                throw Damaged("the file is cut, or a marker is missing");
            }

            int marker = content[position + 1];
            int length = BinaryPrimitives.ReadUInt16BigEndian(content.AsSpan(position + 2));
            if (length < 2 || position + 2 + length > content.Length)
            {
                throw Damaged($"segment {marker:x2} is cut");
            }

            ReadOnlySpan<byte> segment = content.AsSpan(position + 4, length - 2);
            position += 2 + length;
            switch (marker)
            {
                case 0xC3:
                    ReadFrame(segment, width, height);
                    break;
                case 0xC4:
                    ReadTables(segment);
                    break;
                case 0xDD:
                    _restart = segment.Length == 2 ? BinaryPrimitives.ReadUInt16BigEndian(segment) : throw Damaged("segment dd is cut");
                    break;
                case 0xDA:
                    return ReadScan(segment, position, width, height);
                case (>= 0xC0 and <= 0xCF) and not 0xC8 and not 0xCC:
                    throw Damaged($"expected a lossless frame (c3), found {marker:x2}");
                case (>= 0xE0 and <= 0xEF) or 0xFE or 0xDB:
                    break;
                default:
                    throw Damaged($"unexpected segment {marker:x2}");
            }
        }
    }

    private int Expect(int position, int marker) => content.Length >= position + 2 && content[position] == 0xFF && content[position + 1] == marker
        ? position + 2
        : throw Damaged("does not begin like a JPEG");

    private void ReadFrame(ReadOnlySpan<byte> segment, int width, int height)
    {
        if (segment.Length < 9 || segment[5] != 1 || segment.Length != 9)
        {
            throw Damaged("expected a frame of one channel");
        }

        _precision = segment[0];
        int frameHeight = BinaryPrimitives.ReadUInt16BigEndian(segment[1..]);
        int frameWidth = BinaryPrimitives.ReadUInt16BigEndian(segment[3..]);
        if (_precision is < 2 or > 16)
        {
            throw Damaged($"expected 2 to 16 bits, found {_precision}");
        }

        if (frameWidth != width || frameHeight != height)
        {
            throw Damaged($"expected {width}x{height} pixels, found a frame of {frameWidth}x{frameHeight}");
        }
    }

    private void ReadTables(ReadOnlySpan<byte> segment)
    {
        while (segment.Length > 0)
        {
            int count = 0;
            for (int bits = 1; bits <= 16 && segment.Length >= 17; bits++)
            {
                count += segment[bits];
            }

            if (segment.Length < 17 + count || count == 0 || (segment[0] >> 4) != 0 || (segment[0] & 15) > 3)
            {
                throw Damaged("a Huffman table is damaged");
            }

            _tables[segment[0] & 15] = HuffmanTable.Create(segment.Slice(1, 16), segment.Slice(17, count)) ?? throw Damaged("a Huffman table is damaged");
            segment = segment[(17 + count)..];
        }
    }

    private ushort[] ReadScan(ReadOnlySpan<byte> segment, int position, int width, int height)
    {
        if (segment.Length != 6 || segment[0] != 1 || _precision == 0)
        {
            throw Damaged("expected a scan of one channel after its frame");
        }

        int predictor = segment[3], transform = segment[5] & 15;
        HuffmanTable? table = (segment[2] >> 4) < 4 ? _tables[segment[2] >> 4] : null;
        if (predictor is < 1 or > 7 || transform >= _precision || table is null || _restart % width != 0)
        {
            throw Damaged("the scan asks for a predictor, a shift, a table or restarts that do not exist");
        }

        var samples = new ushort[width * height];
        var bits = new JpegBits(content, position);
        int rowsApart = _restart / width;
        int first = 1 << (_precision - transform - 1);
        for (int y = 0; y < height; y++)
        {
            bool isFresh = y == 0;
            if (rowsApart > 0 && y > 0 && y % rowsApart == 0)
            {
                isFresh = true;
                if (!bits.Restart((y / rowsApart) - 1))
                {
                    throw Damaged($"row {y}: a restart mark is missing");
                }
            }

            Span<ushort> row = samples.AsSpan(y * width, width);
            if (!ReadRow(ref bits, table, row, isFresh ? default : samples.AsSpan((y - 1) * width, width), predictor, first))
            {
                throw Damaged($"row {y}: the pixels are damaged or end here");
            }
        }

        if (transform > 0)
        {
            for (int i = 0; i < samples.Length; i++)
            {
                samples[i] <<= transform;
            }
        }

        return samples;
    }

    /// <summary>A row; the first after a start or restart has none above and predicts from the left alone (H.1.2.1).</summary>
    private static bool ReadRow(ref JpegBits bits, HuffmanTable table, Span<ushort> row, ReadOnlySpan<ushort> above, int predictor, int first)
    {
        for (int x = 0; x < row.Length; x++)
        {
            int size = table.Read(ref bits);
            if (size > 16)
            {
                return false;
            }

            int difference = size == 16 ? 1 << 15 : bits.Signed(size);
            int left = x > 0 ? row[x - 1] : 0;
            int prediction = above.IsEmpty ? (x > 0 ? left : first) : x == 0 ? above[0] : Predict(predictor, left, above[x], above[x - 1]);
            row[x] = (ushort)(prediction + difference);
        }

        return !bits.IsPastEnd;
    }

    private static int Predict(int predictor, int left, int up, int corner) => predictor switch
    {
        1 => left,
        2 => up,
        3 => corner,
        4 => left + up - corner,
        5 => left + ((up - corner) >> 1),
        6 => up + ((left - corner) >> 1),
        _ => (left + up) >> 1,
    };

    private DwarfException Damaged(string what) => new(ErrorKind.Content, $"{file}: lossless JPEG: {what}");
}

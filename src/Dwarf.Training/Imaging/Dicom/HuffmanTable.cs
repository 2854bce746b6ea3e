namespace Dwarf.Training.Imaging.Dicom;

/// <summary>A Huffman code of JPEG (ITU-T T.81, annex C) as one look-up of 16 bits.</summary>
internal sealed class HuffmanTable
{
    /// <summary>What a code that does not exist gives.</summary>
    public const int None = 255;

    private readonly byte[] _sizes = new byte[1 << 16];
    private readonly byte[] _values = new byte[1 << 16];

    private HuffmanTable() => Array.Fill(_values, (byte)None);

    /// <summary>Builds the code.</summary>
    /// <param name="counts">codes of 1 … 16 bits</param>
    /// <param name="values">what they mean, shortest first</param>
    /// <returns>null if there are more codes of a length than fit</returns>
    public static HuffmanTable? Create(ReadOnlySpan<byte> counts, ReadOnlySpan<byte> values)
    {
        var table = new HuffmanTable();
        int code = 0, next = 0;
        for (int size = 1; size <= 16; size++)
        {
            for (int i = 0; i < counts[size - 1]; i++, code++, next++)
            {
                int span = 1 << (16 - size);
                int start = code * span;
                if (start + span > 1 << 16)
                {
                    return null;
                }

                table._values.AsSpan(start, span).Fill(values[next]);
                table._sizes.AsSpan(start, span).Fill((byte)size);
            }

            code <<= 1;
        }

        return table;
    }

    /// <summary>The next value, or <see cref="None"/>.</summary>
    public int Read(ref JpegBits bits)
    {
        int code = bits.Peek16();
        bits.Skip(_sizes[code]);
        return _values[code];
    }
}

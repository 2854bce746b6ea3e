using System.Buffers.Binary;
using Engine.Tensors;

namespace Dwarf.Training.Imaging.Dicom;

/// <summary>Run-length coding (PS3.5, annex G): a segment for each byte of each channel, the high byte first.</summary>
internal static class RunLengthPixels
{
    private const int HeaderBytes = 64;

    /// <summary>A run of two bytes becomes 128 at most.</summary>
    private const long MostGrowth = 64;

    /// <summary>The samples, channel after channel, all allocated bits.</summary>
    public static ushort[] Decode(DicomElements elements, PixelLayout layout)
    {
        byte[] packed = DicomReader.Joined(elements);
        int planes = layout.Channels * layout.BitsAllocated / 8;
        if (packed.Length < HeaderBytes || packed.Length * MostGrowth < layout.Bytes)
        {
            throw Wrong(elements, $"{packed.Length} run-length bytes are too few for {layout.Columns}x{layout.Rows} pixels");
        }

        uint count = BinaryPrimitives.ReadUInt32LittleEndian(packed);
        if (count != planes)
        {
            throw Wrong(elements, $"expected {planes} run-length segments, found {count}");
        }

        var samples = new ushort[layout.Count];
        int size = layout.Rows * layout.Columns;
        for (int plane = 0; plane < planes; plane++)
        {
            uint start = BinaryPrimitives.ReadUInt32LittleEndian(packed.AsSpan(4 + (4 * plane)));
            uint end = plane + 1 < planes ? BinaryPrimitives.ReadUInt32LittleEndian(packed.AsSpan(8 + (4 * plane))) : (uint)packed.Length;
            if (start < HeaderBytes || start > end || end > packed.Length)
            {
                throw Wrong(elements, $"run-length segment {plane + 1} lies at {start} to {end} of {packed.Length} bytes");
            }

            int channel = plane / (layout.BitsAllocated / 8);
            bool isHigh = layout.BitsAllocated == 16 && plane % 2 == 0;
            if (!Unpack(packed.AsSpan((int)start, (int)(end - start)), samples.AsSpan(channel * size, size), isHigh ? 8 : 0))
            {
                throw Wrong(elements, $"run-length segment {plane + 1} ends before its {size} bytes are there, or goes past them");
            }
        }

        return samples;
    }

    private static bool Unpack(ReadOnlySpan<byte> packed, Span<ushort> samples, int shift)
    {
        int from = 0, to = 0;
        while (to < samples.Length)
        {
            if (from >= packed.Length)
            {
                return false;
            }

            int code = (sbyte)packed[from++];
            if (code == -128)
            {
                continue;
            }

            bool isRun = code < 0;
            int count = isRun ? 1 - code : code + 1;
            if (count > samples.Length - to || from + (isRun ? 1 : count) > packed.Length)
            {
                return false;
            }

            for (int i = 0; i < count; i++)
            {
                samples[to++] |= (ushort)(packed[isRun ? from : from + i] << shift);
            }

            from += isRun ? 1 : count;
        }

        return true;
    }

    private static DwarfException Wrong(DicomElements elements, string what) => elements.Wrong(DicomTag.Pixels, what);
}

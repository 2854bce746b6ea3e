namespace Dwarf.Training.Imaging.Dicom;

/// <summary>The bits of a JPEG scan (ITU-T T.81, F.2.2.5): a zero after 0xFF is stuffing, any other byte ends the scan.</summary>
/// <param name="content">the whole JPEG</param>
/// <param name="position">first byte after the scan's header</param>
internal struct JpegBits(byte[] content, int position)
{
    private ulong _bits;
    private int _count;
    private int _missing;

    /// <summary>Whether more bits were read than the scan has; the surplus reads as 0.</summary>
    public readonly bool IsPastEnd => _missing * 8 > _count;

    /// <summary>The next 16 bits, without taking them.</summary>
    public int Peek16()
    {
        while (_count <= 48)
        {
            _bits |= (ulong)NextByte() << (56 - _count);
            _count += 8;
        }

        return (int)(_bits >> 48);
    }

    /// <summary>Takes bits that were peeked at.</summary>
    /// <param name="count">0 … 16</param>
    public void Skip(int count)
    {
        _bits <<= count;
        _count -= count;
    }

    /// <summary>A difference of so many bits (F.2.2.1): a leading 0 means a negative one.</summary>
    /// <param name="size">0 … 15</param>
    public int Signed(int size)
    {
        if (size == 0)
        {
            return 0;
        }

        int value = Peek16() >> (16 - size);
        Skip(size);
        return value < 1 << (size - 1) ? value - (1 << size) + 1 : value;
    }

    /// <summary>Goes to the restart mark that ends an interval.</summary>
    /// <param name="number">of the interval, from 0</param>
    /// <returns>false if it is not there</returns>
    public bool Restart(int number)
    {
        if (IsPastEnd)
        {
            return false;
        }

        // Bytes that were read ahead end at the mark, for nothing is read past it.
        (_bits, _count, _missing) = (0, 0, 0);
        if (position + 1 >= content.Length || content[position] != 0xFF || content[position + 1] != 0xD0 + (number & 7))
        {
            return false;
        }

        position += 2;
        return true;
    }

    private byte NextByte()
    {
        if (position >= content.Length || (content[position] == 0xFF && (position + 1 >= content.Length || content[position + 1] != 0)))
        {
            _missing++;
            return 0;
        }

        byte value = content[position++];
        if (value == 0xFF)
        {
            position++;
        }

        return value;
    }
}

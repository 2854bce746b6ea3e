namespace Dwarf.Training.Imaging.Dicom;

/// <summary>A table of a modality or VOI LUT sequence (PS3.3, C.11.1.1 and C.11.2.1.1).</summary>
/// <param name="First">the input of the first entry; what lies before it takes that entry, what lies past the last the last</param>
/// <param name="Entries">the outputs</param>
/// <param name="Largest">the output that means full brightness</param>
internal sealed record DicomLut(int First, ushort[] Entries, int Largest)
{
    /// <summary>Reads the first item of a LUT sequence.</summary>
    /// <param name="item">the item</param>
    /// <param name="isSigned">whether inputs can be negative, where the descriptor's type does not tell</param>
    public static DicomLut Read(DicomElements item, bool isSigned)
    {
        (int count, int first, int bits, bool typeIsSigned) = item.Triple(DicomTag.LutDescriptor);
        count = count == 0 ? 1 << 16 : count;
        if (first >= 1 << 15 && (isSigned || typeIsSigned))
        {
            first -= 1 << 16;
        }

        if (bits is < 1 or > 16)
        {
            throw item.Wrong(DicomTag.LutDescriptor, $"expected 1 to 16 bits an entry, found {bits}");
        }

        DicomElement data = item.Find(DicomTag.LutData) ?? throw item.Wrong(DicomTag.LutData, "is missing");
        var entries = new ushort[count];
        if (data.Length == 2 * count)
        {
            for (int i = 0; i < count; i++)
            {
                entries[i] = (ushort)item.ShortAt(data.Offset + (2 * i));
            }
        }
        else if (bits <= 8 && data.Length == count + (count & 1))
        {
            int swap = item.IsBigEndian && data.Type is "OW" or "US" or "SS" ? 1 : 0;
            for (int i = 0; i < count; i++)
            {
                entries[i] = item.Content[data.Offset + (item.IsBigEndian ? i ^ swap : i)];
            }
        }
        else
        {
            throw item.Wrong(DicomTag.LutData, $"{count} entries of {bits} bits do not fit {data.Length} bytes");
        }

        return new DicomLut(first, entries, Range(entries, bits));
    }

    /// <summary>The output of a value.</summary>
    public int At(double value) => Entries[(int)Math.Clamp(Math.Floor(value + 0.5) - First, 0, Entries.Length - 1)];

    /// <summary>
    /// The descriptor says how many bits outputs have, but some devices write the 16 bits of an entry's storage there. A table that leaves
    /// the upper half of 16 bits unused, or exceeds its bits, is believed instead of its descriptor.
    /// </summary>
    private static int Range(ushort[] entries, int bits)
    {
        int needed = 1;
        foreach (ushort entry in entries)
        {
            while (entry >> needed != 0)
            {
                needed++;
            }
        }

        return (1 << (bits == 16 || needed > bits ? needed : bits)) - 1;
    }
}

namespace Dwarf.Training.Imaging.Dicom;

/// <summary>Pixels as they are.</summary>
internal static class NativePixels
{
    /// <summary>The samples in the order of the file, all allocated bits.</summary>
    public static ushort[] Decode(DicomElements elements, PixelLayout layout)
    {
        DicomElement pixels = elements.Find(DicomTag.Pixels)!.Value;
        if (layout.Photometric == "YBR_FULL_422")
        {
            throw elements.Wrong(DicomTag.Photometric, "YBR_FULL_422 is read from JPEG only");
        }

        if (pixels.Length != layout.Bytes && pixels.Length != layout.Bytes + (layout.Bytes & 1))
        {
            throw elements.Wrong(
                DicomTag.Pixels,
                $"{layout.Columns}x{layout.Rows} pixels of {layout.Channels * layout.BitsAllocated} bits need {layout.Bytes} bytes, found {pixels.Length}");
        }

        var samples = new ushort[layout.Count];
        if (layout.BitsAllocated == 16)
        {
            for (int i = 0; i < samples.Length; i++)
            {
                samples[i] = (ushort)elements.ShortAt(pixels.Offset + (2 * i));
            }

            return samples;
        }

        // Bytes written as words come in the order of the words' bytes.
        int swap = elements.IsBigEndian && pixels.Type == "OW" ? 1 : 0;
        ReadOnlySpan<byte> bytes = elements.Content.AsSpan(pixels.Offset, pixels.Length);
        for (int i = 0; i < samples.Length; i++)
        {
            int from = i ^ swap;
            samples[i] = from < bytes.Length ? bytes[from] : throw elements.Wrong(DicomTag.Pixels, "an odd number of bytes in words");
        }

        return samples;
    }
}

using Engine.Tensors;

namespace Dwarf.Training.Data;

/// <summary>
/// Masks in COCO's compressed run lengths: runs of 0 and 1 in turn, beginning with 0, column by column. Each length is written in groups
/// of five bits, low ones first, as characters from '0' on: 32 says that more follow, 16 of the last one is the sign; from the fourth
/// number on it is the difference to the number two before.
/// </summary>
public static class CocoRle
{
    /// <summary>Decodes a mask.</summary>
    /// <param name="counts">the characters</param>
    /// <param name="width">of the mask</param>
    /// <param name="height">of the mask</param>
    /// <param name="place">file and entry, for messages</param>
    /// <returns>[height, width] of 0 and 1, row-major</returns>
    /// <exception cref="DwarfException">a character, a run or their sum is impossible (content)</exception>
    public static byte[] Decode(string counts, int width, int height, string place)
    {
        var mask = new byte[checked(width * height)];
        int pixel = 0;
        int x = 0;
        int y = 0;
        byte value = 0;
        var runs = new List<long>();
        for (int position = 0; position < counts.Length;)
        {
            int start = position;
            long run = ReadNumber(counts, ref position, place);
            if (runs.Count > 2)
            {
                run += runs[^2];
            }

            if (run < 0 || run > mask.Length - pixel)
            {
                throw new DwarfException(
                    ErrorKind.Content,
                    $"{place}: character {start}: a run of {run} pixels, but {mask.Length - pixel} of {height}x{width} are left");
            }

            runs.Add(run);
            for (int end = pixel + (int)run; pixel < end; pixel++)
            {
                mask[(y * width) + x] = value;
                if (++y == height)
                {
                    y = 0;
                    x++;
                }
            }

            value ^= 1;
        }

        return pixel == mask.Length
            ? mask
            : throw new DwarfException(
                ErrorKind.Content, $"{place}: the runs must add up to {mask.Length} ({height}x{width}), found {pixel}");
    }

    private static long ReadNumber(string counts, ref int position, string place)
    {
        long number = 0;
        for (int shift = 0; ; shift += 5)
        {
            int start = position;
            if (position == counts.Length || shift > 30)
            {
                string why = position == counts.Length ? "the text ends inside a number" : "a number of more than seven characters";
                throw new DwarfException(ErrorKind.Content, $"{place}: character {start}: {why}");
            }

            int group = counts[position++] - '0';
            if (group is < 0 or > 63)
            {
                throw new DwarfException(ErrorKind.Content, $"{place}: character {start}: expected '0' to 'o', found '{counts[start]}'");
            }

            number |= (long)(group & 31) << shift;
            if ((group & 32) == 0)
            {
                return (group & 16) != 0 ? number - (1L << (shift + 5)) : number;
            }
        }
    }
}

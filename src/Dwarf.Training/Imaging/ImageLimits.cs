using Engine.Tensors;

namespace Dwarf.Training.Imaging;

/// <summary>What a picture may ask for; checked from its header, before any memory is taken.</summary>
public static class ImageLimits
{
    /// <summary>
    /// Pixels of the largest picture that is decoded unless the caller says otherwise: 64 million, a 8192x8192 radiograph.
    /// </summary>
    public const long DefaultMaxPixels = 1L << 26;

    /// <summary>Refuses a picture that is too large.</summary>
    /// <param name="file">for the message</param>
    /// <param name="width">from the header</param>
    /// <param name="height">from the header</param>
    /// <param name="maxPixels">the limit</param>
    /// <exception cref="DwarfException">more pixels than the limit (content)</exception>
    internal static void Check(string file, long width, long height, long maxPixels)
    {
        if (width * height > maxPixels)
        {
            throw new DwarfException(
                ErrorKind.Content, $"{file}: the header promises {width}x{height} pixels, more than the limit of {maxPixels}");
        }
    }
}

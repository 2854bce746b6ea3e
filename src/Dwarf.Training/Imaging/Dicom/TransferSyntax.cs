namespace Dwarf.Training.Imaging.Dicom;

/// <summary>How the pixels of a DICOM file are packed.</summary>
internal enum PixelCoding
{
    /// <summary>As they are.</summary>
    Native,

    /// <summary>Run lengths, a segment a byte plane (PS3.5, annex G).</summary>
    RunLength,

    /// <summary>Lossy JPEG of 8 bits.</summary>
    Jpeg,

    /// <summary>Lossless JPEG, process 14.</summary>
    JpegLossless,

    /// <summary>Known by name, but not read here.</summary>
    Foreign,
}

/// <summary>How a DICOM file is written (PS3.5, section 10 and annex A).</summary>
/// <param name="Name">for messages</param>
/// <param name="Coding">how pixels are packed</param>
/// <param name="IsExplicit">whether elements name their types</param>
/// <param name="IsBigEndian">whether numbers begin with their high byte</param>
/// <param name="IsDeflated">whether everything after the header is deflated</param>
internal sealed record TransferSyntax(
    string Name, PixelCoding Coding, bool IsExplicit = true, bool IsBigEndian = false, bool IsDeflated = false)
{
    private const string Root = "1.2.840.10008.1.2";

    /// <summary>The header's own syntax.</summary>
    public static TransferSyntax ExplicitLittle { get; } = new("explicit little endian", PixelCoding.Native);

    /// <summary>Elements without types, as in sequences of unknown kind.</summary>
    public static TransferSyntax ImplicitLittle { get; } = new("implicit little endian", PixelCoding.Native, IsExplicit: false);

    /// <summary>The syntax with an identifier, or null where this program does not know it.</summary>
    public static TransferSyntax? Find(string identifier)
    {
        if (!identifier.StartsWith(Root, StringComparison.Ordinal))
        {
            return null;
        }

        return identifier[Root.Length..] switch
        {
            "" => ImplicitLittle,
            ".1" => ExplicitLittle,
            ".1.99" => new("deflated explicit little endian", PixelCoding.Native, IsDeflated: true),
            ".2" => new("explicit big endian", PixelCoding.Native, IsBigEndian: true),
            ".5" => new("RLE lossless", PixelCoding.RunLength),
            ".4.50" => new("JPEG baseline", PixelCoding.Jpeg),
            ".4.51" => new("JPEG extended", PixelCoding.Jpeg),
            ".4.57" => new("JPEG lossless", PixelCoding.JpegLossless),
            ".4.70" => new("JPEG lossless, first-order prediction", PixelCoding.JpegLossless),
            ".4.80" => new("JPEG-LS lossless", PixelCoding.Foreign),
            ".4.81" => new("JPEG-LS near-lossless", PixelCoding.Foreign),
            ".4.90" or ".4.92" => new("JPEG 2000 lossless", PixelCoding.Foreign),
            ".4.91" or ".4.93" => new("JPEG 2000", PixelCoding.Foreign),
            ".4.201" or ".4.202" => new("High-Throughput JPEG 2000 lossless", PixelCoding.Foreign),
            ".4.203" => new("High-Throughput JPEG 2000", PixelCoding.Foreign),
            ".4.110" => new("JPEG XL lossless", PixelCoding.Foreign),
            ".4.111" or ".4.112" => new("JPEG XL", PixelCoding.Foreign),
            _ => null,
        };
    }
}

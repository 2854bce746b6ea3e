namespace Dwarf.Training.Imaging.Dicom;

/// <summary>The elements that pixels depend on (DICOM PS3.6); everything else in a file is passed over unread.</summary>
internal static class DicomTag
{
    public const uint MetaLength = 0x00020000;
    public const uint TransferSyntax = 0x00020010;
    public const uint SamplesPerPixel = 0x00280002;
    public const uint Photometric = 0x00280004;
    public const uint PlanarConfiguration = 0x00280006;
    public const uint Frames = 0x00280008;
    public const uint Rows = 0x00280010;
    public const uint Columns = 0x00280011;
    public const uint BitsAllocated = 0x00280100;
    public const uint BitsStored = 0x00280101;
    public const uint HighBit = 0x00280102;
    public const uint PixelRepresentation = 0x00280103;
    public const uint PaddingValue = 0x00280120;
    public const uint PaddingLimit = 0x00280121;
    public const uint WindowCenter = 0x00281050;
    public const uint WindowWidth = 0x00281051;
    public const uint RescaleIntercept = 0x00281052;
    public const uint RescaleSlope = 0x00281053;
    public const uint VoiFunction = 0x00281056;
    public const uint ModalityLut = 0x00283000;
    public const uint LutDescriptor = 0x00283002;
    public const uint LutData = 0x00283006;
    public const uint VoiLut = 0x00283010;
    public const uint FloatPixels = 0x7FE00008;
    public const uint DoublePixels = 0x7FE00009;
    public const uint Pixels = 0x7FE00010;
    public const uint Item = 0xFFFEE000;
    public const uint ItemEnd = 0xFFFEE00D;
    public const uint SequenceEnd = 0xFFFEE0DD;

    /// <summary>Whether an element is looked at; what is not may hold a patient's data and must never reach a message.</summary>
    public static bool IsWanted(uint tag) => (tag >> 16) is 0x0002 or 0x0028 || tag is FloatPixels or DoublePixels or Pixels;

    /// <summary>"(0028,0010)", and the keyword of the elements above.</summary>
    public static string Describe(uint tag)
    {
        string name = tag switch
        {
            TransferSyntax => " TransferSyntaxUID",
            SamplesPerPixel => " SamplesPerPixel",
            Photometric => " PhotometricInterpretation",
            PlanarConfiguration => " PlanarConfiguration",
            Frames => " NumberOfFrames",
            Rows => " Rows",
            Columns => " Columns",
            BitsAllocated => " BitsAllocated",
            BitsStored => " BitsStored",
            HighBit => " HighBit",
            PixelRepresentation => " PixelRepresentation",
            PaddingValue => " PixelPaddingValue",
            PaddingLimit => " PixelPaddingRangeLimit",
            WindowCenter => " WindowCenter",
            WindowWidth => " WindowWidth",
            RescaleIntercept => " RescaleIntercept",
            RescaleSlope => " RescaleSlope",
            VoiFunction => " VOILUTFunction",
            ModalityLut => " ModalityLUTSequence",
            LutDescriptor => " LUTDescriptor",
            LutData => " LUTData",
            VoiLut => " VOILUTSequence",
            Pixels => " PixelData",
            _ => "",
        };
        return FormattableString.Invariant($"({tag >> 16:x4},{tag & 0xFFFF:x4}){name}");
    }
}

using Dwarf.Training.Imaging;
using Dwarf.Training.Imaging.Dicom;
using Engine.Tensors;
using Xunit;
using static Dwarf.Tests.Data.Dicom.DicomFile;

namespace Dwarf.Tests.Data.Dicom;

public sealed class HostileDicomTests
{
    private const uint Pixels = 0x7FE00010, Rows = 0x00280010, Columns = 0x00280011, Photometric = 0x00280004, Sequence = 0x00081140;

    /// <summary>Each file is right but for one thing.</summary>
    private static readonly Dictionary<string, (Func<byte[]> File, string Says)> Cases = new()
    {
        ["no transfer syntax"] = (() => new DicomFile { Syntax = "" }.Bytes(), "(0002,0010) TransferSyntaxUID is missing"),
        ["no header at all"] = (() => new DicomFile().Set(0x00080005, "CS", "ISO_IR 100").Dataset(), "(0002,0010) TransferSyntaxUID is missing"),
        ["unknown syntax"] = (() => new DicomFile { Syntax = "1.2.840.113619.5.2" }.Bytes(), "'1.2.840.113619.5.2' is no transfer syntax"),
        ["a name as syntax"] = (() => new DicomFile { Syntax = Patient }.Bytes(), "'?' is no transfer syntax"),
        ["JPEG 2000"] = (() => new DicomFile { Syntax = "1.2.840.10008.1.2.4.90" }.Bytes(), "JPEG 2000 lossless is not read; write the file anew with its pixels unpacked: gdcmconv --raw"),
        ["JPEG-LS"] = (() => new DicomFile { Syntax = "1.2.840.10008.1.2.4.80" }.Bytes(), "JPEG-LS lossless is not read"),
        ["no pixels"] = (() => new DicomFile().Without(Pixels).Bytes(), "the file holds no pixels"),
        ["floating-point pixels"] = (() => new DicomFile().Without(Pixels).Set(0x7FE00008, "OF", new byte[48]).Bytes(), "floating-point"),
        ["several frames"] = (() => new DicomFile().Set(0x00280008, "IS", "2").Bytes(), "NumberOfFrames: only pictures of a single frame are read, found 2"),
        ["frames that are no number"] = (() => new DicomFile().Set(0x00280008, "IS", Patient).Bytes(), "NumberOfFrames: expected a whole number"),
        ["no rows"] = (() => new DicomFile().Without(Rows).Bytes(), "Rows: is missing"),
        ["zero rows"] = (() => new DicomFile().Short(Rows, 0).Bytes(), "a picture of 4x0 pixels"),
        ["rows of text"] = (() => new DicomFile().Set(Rows, "LO", "16").Bytes(), "Rows: expected one number of 16 bits, found 2 bytes of type LO"),
        ["two rows"] = (() => new DicomFile().Short(Rows, 3, 3).Bytes(), "Rows: expected one number of 16 bits, found 4 bytes"),
        ["too large"] = (() => new DicomFile().Short(Rows, 65535).Short(Columns, 65535).Bytes(), "65535x65535 pixels, more than the limit"),
        ["more rows than bytes"] = (() => new DicomFile().Short(Rows, 1000).Bytes(), "4x1000 pixels of 8 bits need 4000 bytes, found 12"),
        ["fewer rows than bytes"] = (() => new DicomFile().Short(Rows, 2).Bytes(), "4x2 pixels of 8 bits need 8 bytes, found 12"),
        ["16 bits in bytes of 8"] = (() => new DicomFile().Short(0x00280100, 16).Bytes(), "4x3 pixels of 16 bits need 24 bytes, found 12"),
        ["32 bits"] = (() => new DicomFile().Short(0x00280100, 32).Bytes(), "BitsAllocated: expected 8 or 16, found 32"),
        ["more bits stored than allocated"] = (() => new DicomFile().Short(0x00280101, 9).Bytes(), "BitsStored: expected 1 to 8, found 9"),
        ["high bit outside"] = (() => new DicomFile().Short(0x00280102, 8).Bytes(), "HighBit: expected 7 to 7, found 8"),
        ["third sign"] = (() => new DicomFile().Short(0x00280103, 2).Bytes(), "PixelRepresentation: expected 0 or 1, found 2"),
        ["palette"] = (() => new DicomFile().Set(Photometric, "CS", "PALETTE COLOR").Bytes(), "found PALETTE COLOR"),
        ["a name as photometric"] = (() => new DicomFile().Set(Photometric, "CS", Patient).Bytes(), "found something unknown"),
        ["three channels of grey"] = (() => new DicomFile().Short(0x00280002, 3).Bytes(), "SamplesPerPixel: expected 1 for MONOCHROME2, found 3"),
        ["element twice"] = (() => new DicomFile().Raw(Columns + 1, Element(Rows, "US", [3, 0])).Bytes(), "(0028,0010) Rows: stands twice"),
        ["length past the end"] = (() => new DicomFile().Set(0x00102000, "UT", [1, 2], 1u << 31).Bytes(), "(0010,2000) says that it has 2147483648 bytes"),
        ["pixels past the end"] = (() => new DicomFile().Set(Pixels, "OB", new byte[12], 1 << 20).Bytes(), "PixelData says that it has 1048576 bytes, but only 12 are left"),
        ["text without length"] = (() => new DicomFile().Set(0x00102000, "UT", [], Undefined).Bytes(), "has no length"),
        ["type that does not exist"] = (() => new DicomFile().Raw(0x00102000, [16, 0, 0, 32, 90, 90, 0, 0]).Bytes(), "has a type that does not exist (bytes 5a 5a)"),
        ["cut in a head"] = (() => [.. new DicomFile().Without(Pixels).Bytes(), 0xE0], "expected another element, found 1 bytes"),
        ["delimiter alone"] = (() => new DicomFile().Raw(Sequence, Mark(0xFFFEE00D, 0)).Bytes(), "outside of a sequence"),
        ["sequence of no items"] = (() => new DicomFile().Set(Sequence, "SQ", Element(0x00100010, "PN", [65, 65]), Undefined).Bytes(), "expected an item"),
        ["sequence without end"] = (() => new DicomFile().Set(Sequence, "SQ", [], Undefined).Without(Pixels).Without(Photometric).Without(Rows).Without(Columns)
            .Without(0x00280002).Without(0x00280100).Without(0x00280101).Without(0x00280102).Without(0x00280103).Without(0x00100010).Bytes(), "the file ends inside"),
        ["nested 10,000 deep"] = (() => new DicomFile().Raw(Sequence, Nested("SQ")).Bytes(), "nested more than 32 deep"),
        ["unknown nested 10,000 deep"] = (() => new DicomFile().Raw(Sequence, Nested("UN")).Bytes(), "nested more than 32 deep"),
        ["deflate bomb"] = (() => Deflated(Deflate(new byte[200 << 20])), "unpacks to more than the limit"),
        ["deflated noise"] = (() => Deflated([0xFF, 0xFF, 1, 2, 3, 4, 5, 6]), "the deflated data set is damaged"),
        ["pieces in an unpacked file"] = (() => new DicomFile().Raw(Pixels, Pieces([1, 2])).Bytes(), "explicit little endian does not go with pixels in pieces"),
        ["no pieces in a packed file"] = (() => new DicomFile { Syntax = "1.2.840.10008.1.2.5" }.Bytes(), "RLE lossless does not go with unpacked pixels"),
        ["pieces without end"] = (() => new DicomFile { Syntax = "1.2.840.10008.1.2.5" }.Raw(Pixels, Pieces([1, 2])[..^8]).Bytes(), "expected another element"),
        ["RLE of nothing"] = (() => Packed("5", []), "0 run-length bytes are too few"),
        ["RLE of two planes"] = (() => Packed("5", [2, .. new byte[99]]), "expected 1 run-length segments, found 2"),
        ["RLE beyond its bytes"] = (() => Packed("5", [1, 0, 0, 0, 255, .. new byte[59], 0, 1]), "segment 1 lies at 255"),
        ["RLE that ends early"] = (() => Packed("5", [1, 0, 0, 0, 64, .. new byte[59], 5, 1, 2, 3]), "segment 1 ends before its 12 bytes"),
        ["RLE run past the end"] = (() => Packed("5", [1, 0, 0, 0, 64, .. new byte[59], 0x81, 1]), "or goes past them"),
        ["RLE bomb"] = (() => PackedLarge("5", [1, 0, 0, 0, 64, .. new byte[200]]), "are too few for 8000x8000"),
        ["JPEG of nothing"] = (() => Packed("4.50", []), "the header of the JPEG is damaged"),
        ["lossless of nothing"] = (() => Packed("4.70", []), "lossless JPEG: 0 bytes are too few"),
        ["lossless bomb"] = (() => PackedLarge("4.70", [0xFF, 0xD8, .. new byte[5000]]), "too few for 8000x8000"),
        ["lossless without frame"] = (() => Packed("4.70", [0xFF, 0xD8, 0xFF, 0xDA, 0, 8, 1, 1, 0, 1, 0, 0]), "expected a scan of one channel after its frame"),
        ["lossless of another size"] = (() => Packed("4.70", [0xFF, 0xD8, 0xFF, 0xC3, 0, 11, 8, 0, 9, 0, 9, 1, 1, 17, 0]), "found a frame of 9x9"),
        ["baseline as lossless"] = (() => Packed("4.70", [0xFF, 0xD8, 0xFF, 0xC0, 0, 11, 8, 0, 3, 0, 4, 1, 1, 17, 0]), "expected a lossless frame (c3), found c0"),
        ["Huffman table over-full"] = (() => Packed("4.70", [0xFF, 0xD8, 0xFF, 0xC4, 0, 22, 0, 3, .. new byte[15], 0, 1, 2]), "a Huffman table is damaged"),
        ["LUT shorter than it says"] = (() => new DicomFile().Raw(0x00283010, Lut(0x00283010, [256, 0, 16], new byte[20])).Bytes(), "LUTData: 256 entries of 16 bits do not fit 20 bytes"),
        ["LUT of 17 bits"] = (() => new DicomFile().Raw(0x00283000, Lut(0x00283000, [2, 0, 17], new byte[4])).Bytes(), "LUTDescriptor: expected 1 to 16 bits an entry, found 17"),
        ["window that is no number"] = (() => Windowed(Patient, "5", "LINEAR"), "WindowCenter: expected a decimal number"),
        ["window of no width"] = (() => Windowed("5", "0", "LINEAR"), "WindowWidth: expected at least 1"),
        ["unknown window function"] = (() => Windowed("5", "5", Patient), "VOILUTFunction: expected LINEAR, LINEAR_EXACT or SIGMOID"),
        ["slope of zero"] = (() => new DicomFile().Set(0x00281053, "DS", "0").Bytes(), "RescaleSlope: expected a slope other than 0"),
        ["infinite slope"] = (() => new DicomFile().Set(0x00281053, "DS", "1e999").Bytes(), "RescaleSlope: expected a decimal number"),
    };

    public static TheoryData<string> Names => [.. Cases.Keys];

    [Fact]
    public void The_file_that_the_damaged_ones_are_made_of_is_read()
    {
        var picture = DicomReader.Decode(new DicomFile().Bytes(), "good.dcm");
        Assert.Equal(Enumerable.Range(0, 12).Select(value => (ushort)value), picture.Samples);
        Assert.Equal(picture.Samples, DicomReader.Decode(new DicomFile { HasPreamble = false }.Bytes(), "good.dcm").Samples);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_damaged_file_gets_one_clear_line_soon_and_in_little_memory(string name)
    {
        (Func<byte[]> make, string says) = Cases[name];
        byte[] file = make();
        long before = GC.GetAllocatedBytesForCurrentThread();
        var watch = System.Diagnostics.Stopwatch.StartNew();
        var error = Assert.Throws<DwarfException>(() => ImageReader.Decode(file, "bad.dcm"));
        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 10);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 16L << 20);
        Assert.Equal(ErrorKind.Content, error.Kind);
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
        Assert.StartsWith("bad.dcm: ", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("SECRET", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(error.Message, char.IsControl);
    }

    [Fact]
    public void A_file_cut_anywhere_is_an_error()
    {
        byte[] whole = new DicomFile().Bytes();
        for (int length = 132; length < whole.Length; length++)
        {
            Assert.Equal(ErrorKind.Content, Assert.Throws<DwarfException>(() => DicomReader.Decode(whole[..length], "cut.dcm")).Kind);
        }
    }

    [Fact]
    public void The_console_names_file_and_fault_and_no_patient()
    {
        string path = Path.Combine(Path.GetTempPath(), $"dwarf-{Guid.NewGuid():N}.dcm");
        File.WriteAllBytes(path, new DicomFile().Without(Pixels).Bytes());
        try
        {
            var error = Assert.Throws<DwarfException>(() => ImageReader.Load(path));
            Assert.Equal($"{path}: the file holds no pixels", error.Message);
            Assert.Equal(65, (int)error.Kind);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static byte[] Nested(string type) =>
    [
        .. Enumerable.Range(0, 10_000).SelectMany(i => (byte[])
        [
            // Behind an unknown type everything is implicit.
            .. type == "UN" && i > 0 ? Mark(Sequence, Undefined) : Element(Sequence, type, [], Undefined), .. Mark(0xFFFEE000, Undefined),
        ]),
    ];

    private static byte[] Deflated(byte[] packed)
    {
        byte[] header = new DicomFile { Syntax = "1.2.840.10008.1.2.1.99" }.Bytes();
        return [.. header[..^new DicomFile().Dataset().Length], .. packed];
    }

    private static byte[] Packed(string syntax, byte[] piece) => new DicomFile { Syntax = "1.2.840.10008.1.2." + syntax }.Raw(Pixels, Pieces(piece)).Bytes();

    private static byte[] PackedLarge(string syntax, byte[] piece) =>
        new DicomFile { Syntax = "1.2.840.10008.1.2." + syntax }.Short(Rows, 8000).Short(Columns, 8000).Raw(Pixels, Pieces(piece)).Bytes();

    private static byte[] Windowed(string centre, string width, string function) =>
        new DicomFile().Set(0x00281050, "DS", centre).Set(0x00281051, "DS", width).Set(0x00281056, "CS", function).Bytes();
}

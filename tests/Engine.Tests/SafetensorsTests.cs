using System.Buffers.Binary;
using System.Text;
using CsCheck;
using Engine.Tensors;
using Engine.Tensors.Safetensors;
using Xunit;

namespace Engine.Tests;

public sealed class SafetensorsTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("dwarf-safetensors-");

    private string File => Path.Combine(_folder.FullName, "file.safetensors");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void What_is_written_is_read_back_bit_by_bit() => Gen.Select(
        Gen.Enum<DType>(), Gen.Int[0, 5], Gen.Int[0, 4], Gen.Int[0, 3], Gen.Byte.Array[480]).Sample(
        (dtype, a, b, more, bytes) =>
        {
            var tensor = new Tensor([a, b], dtype);
            for (int i = 0; i < tensor.Bytes; i++)
            {
                tensor.ByteSpan(i, 1)[0] = dtype == DType.Bool ? (byte)(bytes[i] & 1) : bytes[i];
            }

            var all = Enumerable.Range(0, more + 1).ToDictionary(i => $"tensor.{i}", _ => tensor);
            SafetensorsWriter.Write(File, all);
            var read = SafetensorsFile.ReadAll(File);
            Assert.Equal(all.Keys.Order(), read.Keys.Order());
            foreach (var found in read.Values)
            {
                Assert.Equal((tensor.Shape, dtype), (found.Shape, found.DType));
                Assert.True(tensor.ByteSpan(0, (int)tensor.Bytes).SequenceEqual(found.ByteSpan(0, (int)found.Bytes)));
            }
        },
        iter: 100,
        threads: 1);

    [Fact]
    public void Bytes_of_zeros_and_ones_are_a_mask_under_either_name()
    {
        foreach (string dtype in (string[])["U8", "BOOL"])
        {
            Write($$$"""{"m":{"dtype":"{{{dtype}}}","shape":[3],"data_offsets":[0,3]}}""", 1, 0, 1);
            var mask = SafetensorsFile.ReadAll(File)["m"];
            Assert.Equal(DType.Bool, mask.DType);
            Assert.Equal([true, false, true], mask.ToArray<bool>());

            Write($$$"""{"m":{"dtype":"{{{dtype}}}","shape":[3],"data_offsets":[0,3]}}""", 1, 0, 255);
            Refused("tensor 'm' is a mask, element 2 must be 0 or 1, found 255");
        }
    }

    [Fact]
    public void Half_singles_and_short_integers_are_read_as_wider_ones_and_listed_as_they_are()
    {
        Write(
            """{"h":{"dtype":"F16","shape":[3],"data_offsets":[0,6]},"i":{"dtype":"I32","shape":[1],"data_offsets":[6,10]},"s":{"dtype":"I16","shape":[1],"data_offsets":[10,12]},"b":{"dtype":"I8","shape":[2],"data_offsets":[12,14]}}""",
            0x00, 0x3c, 0x01, 0x00, 0x00, 0xfc, 0xfe, 0xff, 0xff, 0xff, 0x39, 0x30, 0x80, 0x7f);
        using var file = WeightArchive.Open(File);
        Assert.Equal([StoredType.F16, StoredType.I32, StoredType.I16, StoredType.I8], file.Entries.Select(e => e.Stored));
        Assert.Equal([1, 5.960464477539063e-8f, float.NegativeInfinity], file.Read("h").ToArray<float>());
        Assert.Equal([-2L], file.Read("i").ToArray<long>());
        Assert.Equal([12345L], file.Read("s").ToArray<long>());
        Assert.Equal([-128L, 127], file.Read("b").ToArray<long>());
    }

    [Theory]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,3]}}""", "tensor 'a' [1] F32 needs 4 bytes, its data_offsets span 3")]
    [InlineData("""{"a":{"dtype":"U32","shape":[1],"data_offsets":[0,4]}}""", "tensor 'a' has dtype \"U32\"; F64, F32, F16, BF16, I64, I32, I16, I8, U8, BOOL are read")]
    [InlineData("""{"a":{"dtype":"BOOL","shape":[2],"data_offsets":[1,3]}}""", "tensor 'a' starts at byte 1 and leaves a hole before it; 0 was expected")]
    [InlineData("""{"a":{"dtype":"BOOL","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"BOOL","shape":[2],"data_offsets":[1,3]}}""", "overlaps the tensor before it")]
    [InlineData("""{"a":{"dtype":"BOOL","shape":[2],"data_offsets":[0,2]}}""", "the tensors end at byte 2 of the data, the file has 3")]
    [InlineData("""{"a":{"dtype":"BOOL","shape":[-1],"data_offsets":[0,3]}}""", "shape must hold integers of at least 0, found -1")]
    [InlineData("""{"a":{"dtype":"BOOL","shape":[4294967296,4294967296,4294967296],"data_offsets":[0,3]}}""", "tensor 'a'")]
    [InlineData("""{"a":{"dtype":"BOOL","shape":[3]}}""", "must have exactly dtype, shape and data_offsets")]
    [InlineData("""{"a":3}""", "must have exactly dtype, shape and data_offsets")]
    [InlineData("""{"a":{"dtype":"BOOL","shape":[3.0],"data_offsets":[0,3]}}""", "shape must hold integers of at least 0, found 3.0")]
    [InlineData("""{"a":{"dtype":"BOOL","shape":[3],"data_offsets":[0,3e0]}}""", "data_offsets must hold integers of at least 0, found 3e0")]
    [InlineData("""{"a":{"dtype":"BOOL","shape":[3],"data_offsets":[3,0]}}""", "begin <= end")]
    [InlineData("""{"a":{"dtype":"BOOL","shape":[3],"data_offsets":[0,3]},"\u0061":{"dtype":"BOOL","shape":[0],"data_offsets":[3,3]}}""", "not valid JSON")]
    [InlineData("""{"\ud800":{"dtype":"BOOL","shape":[3],"data_offsets":[0,3]}}""", "not valid JSON")]
    [InlineData("""{"a":{"dtype":"\ud800","shape":[3],"data_offsets":[0,3]}}""", "tensor 'a'")]
    [InlineData("""{"a":{"dtype":"BOOL","shape":[[3]],"data_offsets":[0,3]}}""", "")]
    [InlineData("{\"__metadata__\":{\"k\":1},\"a\":{\"dtype\":\"BOOL\",\"shape\":[3],\"data_offsets\":[0,3]}}", "entry 'k' must be a string")]
    [InlineData("{\"__metadata__\":{\"k\":\"\\udc00\"}}", "entry 'k' must be a string")]
    [InlineData("{\"a\":{\"dtype\":\"BOOL\",\"shape\":[3],\"data_offsets\":[0,3]}}\n", "padded by spaces alone")]
    [InlineData(""" {}""", "must start with '{'")]
    [InlineData("""[]""", "")]
    [InlineData("""{"a":""", "")]
    public void A_damaged_header_is_refused_in_one_line(string header, string message)
    {
        Write(header, 0, 0, 0);
        Refused(message);
    }

    [Fact]
    public void A_file_that_is_cut_anywhere_is_refused()
    {
        SafetensorsWriter.Write(File, new Dictionary<string, Tensor> { ["a"] = Tensor.From<float>([2], [1, 2]), ["b"] = Tensor.From<long>([1], [3]) });
        byte[] whole = System.IO.File.ReadAllBytes(File);
        for (int length = 0; length < whole.Length; length++)
        {
            System.IO.File.WriteAllBytes(File, whole[..length]);
            Refused("");
        }
    }

    private void Refused(string message)
    {
        var error = Assert.ThrowsAny<DwarfException>(() => SafetensorsFile.ReadAll(File));
        Assert.Equal(ErrorKind.Content, error.Kind);
        Assert.StartsWith(File + ": ", error.Message, StringComparison.Ordinal);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    private void Write(string header, params byte[] data)
    {
        byte[] text = Encoding.UTF8.GetBytes(header);
        byte[] length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, text.Length);
        System.IO.File.WriteAllBytes(File, [.. length, .. text, .. data]);
    }
}

using System.Buffers.Binary;
using System.IO.Compression;
using Dwarf.Tests.Data;
using Dwarf.Training.Imaging;
using Engine.Tensors;
using Engine.Tensors.Safetensors;
using Xunit;

namespace Dwarf.Tests.Fuzz;

/// <summary>
/// Mutation fuzzing of every reader of files that come from elsewhere. DWARF_FUZZ_SECONDS=600 runs each for ten minutes, DWARF_FUZZ_FIRST=N
/// begins with the N-th damaged file. A finding is kept in the temporary folder, and belongs into the corpus.
/// </summary>
public sealed class FuzzTests : IDisposable
{
    // In memory where the system has such a folder: a disk would spend the time on its own affairs.
    private readonly string _path = Path.Combine(Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath(), $"dwarf-fuzz-{Guid.NewGuid():N}.weights");

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void What_fuzzing_found_stays_fixed()
    {
        string[] found = Directory.GetFiles(Path.Combine(GoldenTable.Root, "tests", "golden", "fuzz"));
        Assert.NotEmpty(found);
        Assert.All(found, path =>
        {
            byte[] content = File.ReadAllBytes(path);
            Action read = Path.GetExtension(path) is ".png" or ".dcm" ? () => ImageReader.Decode(content, path) : () => ReadWeights(content);
            var error = Assert.ThrowsAny<DwarfException>(read);
            Assert.Equal(ErrorKind.Content, error.Kind);
            Assert.DoesNotContain(error.Message, char.IsControl);
        });
    }

    [Fact]
    public void Damaged_safetensors_give_a_value_or_one_clear_line()
    {
        byte[][] seeds =
        [
            .. Corpus("*.safetensors").Where(b => b.Length < 4_000), Small(),
        ];
        Report("safetensors", FuzzRun.Go(
            m =>
            {
                byte[] file = m.Damage(m.Below(2) == 0 ? seeds[^1] : seeds[m.Below(seeds.Length)], seeds[m.Below(seeds.Length)]);
                if (m.Below(2) == 0 && file.Length > 8)
                {
                    // Half of them with a length that fits, so that the header is reached.
                    int end = Array.LastIndexOf(file, (byte)'}');
                    BinaryPrimitives.WriteInt64LittleEndian(file, Math.Max(0, end - 7));
                }

                return file;
            },
            ReadWeights));
    }

    [Fact]
    public void Damaged_checkpoints_give_a_value_or_one_clear_line()
    {
        byte[][] seeds = [.. Corpus("*.pt").Where(b => b.Length < 6_000), Golden("kinds.pt")];
        Report("torch", FuzzRun.Go(m => m.Damage(m.Below(2) == 0 ? seeds[^1] : seeds[m.Below(seeds.Length)], seeds[m.Below(seeds.Length)]), ReadWeights));
    }

    [Fact]
    public void Damaged_pickles_in_whole_archives_give_a_value_or_one_clear_line()
    {
        // What a byte's damage to the archive would hide: the archive is right, its pickle is not.
        var seeds = Corpus("*.pt").Append(Golden("kinds.pt")).Append(Golden("kad.pt")).Select(Pickle).OfType<byte[]>().Where(b => b.Length < 20_000).ToArray();
        Assert.True(seeds.Length > 100);
        byte[] good = Pickle(Golden("kinds.pt"))!;
        var storages = Records(Golden("kinds.pt")).Where(r => r.Name.Contains("/data/", StringComparison.Ordinal)).ToArray();
        Report("pickle", FuzzRun.Go(
            m => Archive([("kinds/data.pkl", m.Damage(m.Below(2) == 0 ? good : seeds[m.Below(seeds.Length)], seeds[m.Below(seeds.Length)])), .. storages]),
            ReadWeights));
    }

    [Fact]
    public void Damaged_png_gives_a_picture_or_one_clear_line() => Pictures("png", "png.csv", (m, file) =>
    {
        if (m.Below(2) == 0)
        {
            RepairSums(file);
        }
    });

    [Fact]
    public void Damaged_dicom_gives_a_picture_or_one_clear_line() => Pictures("dicom", "dicom.csv", (_, _) => { });

    private static void Pictures(string name, string table, Action<Mutator, byte[]> repair)
    {
        byte[][] seeds = [.. GoldenTable.Lines(table).Select(line => Convert.FromBase64String(line[1]))];
        Report(name, FuzzRun.Go(
            m =>
            {
                byte[] file = m.Damage(seeds[m.Below(seeds.Length)], seeds[m.Below(seeds.Length)]);
                repair(m, file);
                return file;
            },
            file => ImageReader.Decode(file, "picture", maxPixels: 1 << 20).ToGray()));
    }

    private static void Report(string name, (int Files, int Fine) result)
    {
        TestContext.Current.SendDiagnosticMessage("{0}: {1} damaged files, {2} of them readable", name, result.Files, result.Fine);
        Assert.True(result.Files > 50, $"{name}: only {result.Files} files");
    }

    private void ReadWeights(byte[] content)
    {
        File.WriteAllBytes(_path, content);
        using var file = WeightArchive.Open(_path);
        foreach (var entry in file.Entries)
        {
            file.Read(entry.Name);
        }
    }

    private static IEnumerable<byte[]> Corpus(string pattern)
        => Directory.GetFiles(Path.Combine(GoldenTable.Root, "tests", "golden", "weights", "hostile"), pattern).Order(StringComparer.Ordinal).Select(File.ReadAllBytes);

    private static byte[] Golden(string name) => File.ReadAllBytes(Path.Combine(GoldenTable.Root, "tests", "golden", "weights", name));

    /// <summary>A safetensors file with a tensor of each kind of rank and a little metadata.</summary>
    private byte[] Small()
    {
        var tensors = new Dictionary<string, Tensor>
        {
            ["a.weight"] = Tensor.From<float>([2, 3], [1, 2, 3, 4, 5, 6]),
            ["b"] = Tensor.From<long>([2], [1, 2]),
            ["c"] = Tensor.From<double>([], [0.5]),
            ["d"] = Tensor.From<bool>([3], [true, false, true]),
            ["e"] = new Tensor([0, 4], DType.BF16),
        };
        SafetensorsWriter.Write(_path, tensors, new Dictionary<string, string> { ["note"] = "text" });
        return File.ReadAllBytes(_path);
    }

    private static byte[]? Pickle(byte[] archive)
    {
        try
        {
            return Records(archive).First(r => r.Name.EndsWith("/data.pkl", StringComparison.Ordinal)).Data;
        }
        catch (Exception error) when (error is InvalidDataException or InvalidOperationException or ArgumentException)
        {
            return null;
        }
    }

    /// <summary>The records of an archive that .NET's own reader accepts.</summary>
    private static (string Name, byte[] Data)[] Records(byte[] archive)
    {
        using var zip = new ZipArchive(new MemoryStream(archive));
        return [.. zip.Entries.Where(e => e.CompressedLength == e.Length).Select(entry =>
        {
            using var stream = entry.Open();
            using var buffer = new MemoryStream();
            stream.CopyTo(buffer);
            return (entry.FullName, buffer.ToArray());
        })];
    }

    private static byte[] Archive((string Name, byte[] Data)[] records)
    {
        using var buffer = new MemoryStream();
        using (var zip = new ZipArchive(buffer, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, data) in records)
            {
                using var stream = zip.CreateEntry(name, CompressionLevel.NoCompression).Open();
                stream.Write(data);
            }
        }

        return buffer.ToArray();
    }

    /// <summary>Makes the check sums of a PNG's chunks right again.</summary>
    private static void RepairSums(byte[] png)
    {
        for (int at = 8; at + 12 <= png.Length;)
        {
            uint length = BinaryPrimitives.ReadUInt32BigEndian(png.AsSpan(at));
            if (length > png.Length - at - 12)
            {
                return;
            }

            BinaryPrimitives.WriteUInt32BigEndian(png.AsSpan(at + 8 + (int)length), Crc(png.AsSpan(at + 4, 4 + (int)length)));
            at += 12 + (int)length;
        }
    }

    private static uint Crc(ReadOnlySpan<byte> bytes)
    {
        uint crc = 0xffffffff;
        foreach (byte value in bytes)
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ ((crc & 1) * 0xedb88320);
            }
        }

        return ~crc;
    }
}

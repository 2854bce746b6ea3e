using System.IO.Compression;

namespace Engine.Tests;

/// <summary>Archives of stored records, as torch.save makes them, for tests that need more than the golden files have.</summary>
internal static class TestArchive
{
    public static byte[] Of(params (string Name, byte[] Data)[] records)
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
}

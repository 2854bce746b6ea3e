using Dwarf.Training.Report;
using Xunit;

namespace Dwarf.Tests.Report;

public sealed class EventWriterTests
{
    [Fact]
    public void The_tests_own_crc_gives_the_published_check_value() => Assert.Equal(0xE3069283u, EventParser.Crc32C("123456789"u8));

    [Fact]
    public void The_first_record_is_the_one_that_tensorflow_writes()
    {
        using MemoryStream stream = new();
        using EventWriter writer = new(stream, () => 1.0);
        // Length 24, its CRC, wall_time 1.0, file_version "brain.Event:2", CRC: worked out with an independent script.
        Assert.Equal("1800000000000000A37F4B22" + "09000000000000F03F1A0D627261696E2E4576656E743A32" + "86BF577A", Convert.ToHexString(stream.ToArray()));
    }

    [Fact]
    public void Scalars_and_images_read_back()
    {
        using MemoryStream stream = new();
        var now = 100.0;
        byte[] png = [.. Enumerable.Range(0, 300).Select(i => (byte)i)];
        using (EventWriter writer = new(stream, () => now++))
        {
            writer.Scalar("loss/train", 0.25, 0);
            writer.Scalar("auc/Größe", double.NaN, 300);
            writer.Image("overlay", png, 640, 320, 1L << 40);
        }

        var events = EventParser.Parse(stream.ToArray());
        Assert.Equal(["brain.Event:2", null, null, null], events.Select(e => e.Version));
        Assert.Equal([100.0, 101, 102, 103], events.Select(e => e.WallTime));
        Assert.Equal([0L, 0, 300, 1L << 40], events.Select(e => e.Step));
        Assert.Equal([null, "loss/train", "auc/Größe", "overlay"], events.Select(e => e.Tag));
        Assert.Equal(0.25f, events[1].Scalar);
        Assert.True(float.IsNaN(events[2].Scalar!.Value));
        Assert.Equal(png, events[3].Png);
        Assert.Equal((640, 320), (events[3].Width, events[3].Height));
    }

    [Fact]
    public void Two_files_of_one_second_do_not_collide()
    {
        var folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            EventWriter.Create(folder, () => 1234.5).Dispose();
            EventWriter.Create(folder, () => 1234.9).Dispose();
            Assert.Equal(
                ["events.out.tfevents.0000001234.dwarf", "events.out.tfevents.0000001234.dwarf.1"],
                Directory.GetFiles(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}

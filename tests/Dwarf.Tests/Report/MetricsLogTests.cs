using Dwarf.Training.Report;
using Xunit;

namespace Dwarf.Tests.Report;

public sealed class MetricsLogTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void A_line_is_one_object_and_a_number_gone_bad_is_flagged()
    {
        using (var log = MetricsLog.Open(_path))
        {
            log.Write(("epoch", 1), ("step", 10L), ("finding", "Effusion"), ("loss", 0.5), ("lr", 1e-5f), ("best", true), ("auc", null));
            log.Write(("step", 11L), ("loss", double.NaN), ("loss_seg", float.PositiveInfinity));
        }

        Assert.Equal(
            """
            {"epoch":1,"step":10,"finding":"Effusion","loss":0.5,"lr":1E-05,"best":true,"auc":null}
            {"step":11,"loss":null,"loss_seg":null,"not_finite":["loss","loss_seg"]}

            """,
            File.ReadAllText(_path));
    }

    [Fact]
    public void Resuming_drops_later_lines_and_a_torn_one()
    {
        using (var log = MetricsLog.Open(_path))
        {
            log.Write(("step", 1), ("loss", 3.0));
            log.Write(("step", 2), ("loss", 2.0));
            log.Write(("step", 3), ("loss", 1.0));
        }

        File.AppendAllText(_path, "{\"step\":2,\"lo");
        using (var log = MetricsLog.Open(_path, lastStep: 2))
        {
            log.Write(("step", 3), ("loss", 1.5));
        }

        Assert.Equal("{\"step\":1,\"loss\":3}\n{\"step\":2,\"loss\":2}\n{\"step\":3,\"loss\":1.5}\n", File.ReadAllText(_path));
    }

    [Fact]
    public void A_fresh_log_replaces_an_old_one()
    {
        File.WriteAllText(_path, "old\n");
        MetricsLog.Open(_path).Dispose();
        Assert.Empty(File.ReadAllText(_path));
    }

    [Fact]
    public void A_value_that_json_cannot_hold_is_refused()
    {
        using var log = MetricsLog.Open(_path);
        Assert.Throws<ArgumentException>(() => log.Write(("when", new object())));
    }
}

using Dwarf.Cli;
using Dwarf.Training;
using Xunit;

namespace Dwarf.Tests.Shell;

public sealed class MonitorTests
{
    [Fact]
    public void Without_a_terminal_a_thousand_steps_are_a_few_lines_with_rate_and_time_left()
    {
        using var error = new StringWriter { NewLine = "\n" };
        var clock = new Clock();
        new Terminal(error, isTerminal: false, clock).WithProgress(monitor =>
        {
            monitor.Stage("train", 1000);
            for (int step = 1; step <= 1000; step++)
            {
                clock.Milliseconds += 20;
                monitor.Advance(step, "loss 0.5");
            }
            monitor.Note("done");
            return 0;
        });
        Assert.Equal(
            "train: 1000\n"
            + "train 250/1000  50.0/s, 15 s left  loss 0.5\n"
            + "train 500/1000  50.0/s, 10 s left  loss 0.5\n"
            + "train 750/1000  50.0/s, 5 s left  loss 0.5\n"
            + "train 1000/1000  50.0/s  loss 0.5\n"
            + "done\n", error.ToString());
    }

    [Fact]
    public void On_a_terminal_a_bar_moves_and_brackets_in_names_are_only_text()
    {
        using var error = new StringWriter { NewLine = "\n" };
        string result = new Terminal(error, isTerminal: true, TimeProvider.System).WithProgress(monitor =>
        {
            monitor.Stage("pretrain [red]", 2);
            monitor.Advance(1, "loss [0.5]");
            monitor.Note("note [x]");
            monitor.Stage("train", 0);
            monitor.Advance(7, "");
            return "result";
        });
        Assert.Equal("result", result);
        Assert.Contains("pretrain [red]", error.ToString(), StringComparison.Ordinal);
        Assert.Contains("note [x]", error.ToString(), StringComparison.Ordinal);
        Assert.Contains("\u001b[", error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0.2, "1 s")]
    [InlineData(119, "119 s")]
    [InlineData(600, "10 min")]
    [InlineData(9000, "2.5 h")]
    public void Durations_are_read_at_a_glance(double seconds, string text) => Assert.Equal(text, Pace.Duration(seconds));

    private sealed class Clock : TimeProvider
    {
        public long Milliseconds { get; set; }

        public override long TimestampFrequency => 1000;

        public override long GetTimestamp() => Milliseconds;
    }
}

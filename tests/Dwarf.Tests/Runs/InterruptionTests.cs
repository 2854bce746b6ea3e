using System.Text.Json;
using Xunit;

namespace Dwarf.Tests.Runs;

/// <summary>Real processes: another locale, a kill without warning, and signals that ask.</summary>
public sealed class InterruptionTests : IDisposable
{
    private const string State = "checkpoints/last.state.safetensors";

    // Long enough that a signal finds the process at work; a checkpoint after each step, which changes no result.
    private static readonly string[] Long = ["--set", "train.epochs=60", "--threads", "1"];
    private static readonly string[] Often = [.. Long, "--set", "train.checkpoint_every=1"];
    private readonly TinyRun _run = TinyRun.Phantom();

    public void Dispose() => _run.Dispose();

    [Fact]
    public void A_german_locale_changes_no_byte()
    {
        _run.Finish("straight");
        string[] locale = ["LANG=de_DE.UTF-8", "LC_ALL=de_DE.UTF-8"];
        var german = RunningProcess.Run(_run.Root, locale, "train", "tiny.yaml", "--out", "german", "--threads", "2");
        Assert.True(german.Code == 0, german.Error);
        Assert.Equal("german\n", german.Out);
        _run.AssertSame("straight", "german");
    }

    [Fact]
    public void A_run_killed_again_and_again_ends_the_same()
    {
        _run.Finish("straight", Long);
        int[] pauses = [0, 37, 11];
        var written = DateTime.MinValue;
        for (int i = 0; i < pauses.Length; i++)
        {
            string[] resume = i == 0 ? [] : ["--resume"];
            using var process = RunningProcess.Start(_run.Root, ["train", "tiny.yaml", "--out", "killed", .. Often, .. resume]);
            process.WaitFor(_run.In($"killed/{State}"), written);
            Thread.Sleep(pauses[i]);
            process.Signal("KILL");
            Assert.Equal(137, process.End().Code);
            written = File.GetLastWriteTimeUtc(_run.In($"killed/{State}"));
        }

        Assert.False(File.Exists(_run.In("killed/metrics.json")));
        _run.Finish("killed", [.. Long, "--resume"]);
        _run.AssertSame("straight", "killed");
        Assert.Empty(Directory.EnumerateFiles(_run.In("killed"), "*.tmp", SearchOption.AllDirectories));
    }

    [Theory]
    [InlineData("INT", 130, false)]
    [InlineData("TERM", 143, true)]
    public void A_signal_saves_and_leaves_and_resume_goes_on(string signal, int code, bool named)
    {
        _run.Finish("straight", Long);
        string folder = named ? "stopped" : "runs/tiny-1";
        string[] more = named ? ["--out", folder, .. Often] : Often;
        using (var process = RunningProcess.Start(_run.Root, ["train", "tiny.yaml", .. more]))
        {
            process.WaitFor(_run.In($"{folder}/{State}"), DateTime.MinValue);
            process.Signal(signal);
            var stopped = process.End();
            Assert.Equal((code, ""), (stopped.Code, stopped.Out));
            Assert.Contains($"stopped; go on with --resume --out {folder}\n", stopped.Error, StringComparison.Ordinal);
        }

        Assert.False(File.Exists(_run.In($"{folder}/metrics.json")));
        var resumed = RunningProcess.Run(_run.Root, [], ["train", "tiny.yaml", .. more, "--resume"]);
        Assert.True(resumed.Code == 0, resumed.Error);
        Assert.Contains("resumed at stage", resumed.Error, StringComparison.Ordinal);
        _run.AssertSame("straight", folder);

        var again = RunningProcess.Run(_run.Root, [], ["train", "tiny.yaml", .. more, "--resume", "--json"]);
        Assert.Equal(0, again.Code);
        Assert.Equal("tiny", JsonDocument.Parse(again.Out).RootElement.GetProperty("title").GetString());
    }

    [Fact]
    public void A_second_signal_leaves_at_once_and_harms_nothing()
    {
        _run.Finish("straight", Long);
        using (var process = RunningProcess.Start(_run.Root, ["train", "tiny.yaml", "--out", "stopped", .. Often]))
        {
            process.WaitFor(_run.In($"stopped/{State}"), DateTime.MinValue);
            process.Signal("INT");
            process.Signal("INT");
            Assert.Equal(130, process.End().Code);
        }

        Assert.False(File.Exists(_run.In("stopped/metrics.json")));
        _run.Finish("stopped", [.. Long, "--resume"]);
        _run.AssertSame("straight", "stopped");
    }
}

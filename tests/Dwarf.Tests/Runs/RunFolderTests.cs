using Dwarf.Tests.Shell;
using Dwarf.Training.Runs;
using Xunit;

namespace Dwarf.Tests.Runs;

/// <summary>When a run folder may be used, and by whom.</summary>
public sealed class RunFolderTests : IDisposable
{
    private readonly TinyRun _run = TinyRun.Phantom();

    public void Dispose() => _run.Dispose();

    [Fact]
    public void An_existing_folder_is_kept_unless_told_otherwise()
    {
        Assert.False(_run.Session("a", false, (steps, _) => steps == 2));
        File.WriteAllText(_run.In("a/overlays/old.png"), "");
        byte[] state = File.ReadAllBytes(_run.In("a/checkpoints/last.state.safetensors"));
        var refused = _run.Train("a");
        Assert.Equal((73, ""), (refused.Code, refused.Out));
        const string Says = "a: exists already; give --resume to go on, --force to replace it, or another --out\n";
        Assert.EndsWith(Says, refused.Error, StringComparison.Ordinal);
        Assert.Equal(state, File.ReadAllBytes(_run.In("a/checkpoints/last.state.safetensors")));

        _run.Finish("straight");
        _run.Finish("a", "--force");
        _run.AssertSame("straight", "a");
        Assert.False(File.Exists(_run.In("a/overlays/old.png")));
        Assert.Equal(_run.In("a") + "\n", _run.Train("a", "--resume").Out);
    }

    [Fact]
    public void Force_replaces_runs_only()
    {
        Directory.CreateDirectory(_run.In("thesis"));
        File.WriteAllText(_run.In("thesis/chapter1.txt"), "years of work");
        var refused = _run.Train("thesis", "--force");
        Assert.Equal(73, refused.Code);
        Assert.Contains("is not the folder of a run", refused.Error, StringComparison.Ordinal);
        Assert.True(File.Exists(_run.In("thesis/chapter1.txt")));
        Assert.Equal(73, _run.Train("tiny.yaml", "--force").Code);
    }

    [Fact]
    public void A_folder_left_by_a_run_killed_in_its_first_instant_is_taken()
    {
        Directory.CreateDirectory(_run.In("a/checkpoints"));
        File.WriteAllText(_run.In("a/.lock"), "process 1 on elsewhere\n");
        File.WriteAllText(_run.In("a/config.yaml.tmp"), "seed");
        _run.Finish("a");
        Assert.False(File.Exists(_run.In("a/config.yaml.tmp")));
    }

    [Fact]
    public void A_folder_in_which_a_run_is_going_is_locked()
    {
        Assert.False(_run.Session("a", false, (steps, _) => steps == 2));
        using (RunFolder.Open("tiny", _run.In("a"), resume: true, force: false))
        {
            var second = RunningProcess.Run(_run.Root, [], "train", "tiny.yaml", "--out", "a", "--resume");
            Assert.Equal((78, ""), (second.Code, second.Out));
            string owner = $"a: process {Environment.ProcessId} on {Environment.MachineName} is running in this folder";
            Assert.Contains(owner, second.Error, StringComparison.Ordinal);
            Assert.Equal(78, RunningProcess.Run(_run.Root, [], "train", "tiny.yaml", "--out", "a", "--force").Code);
        }

        _run.Finish("a", "--resume");
    }

    [Fact]
    public void Resuming_needs_a_run()
    {
        var nothing = _run.Train("nowhere", "--resume");
        Assert.Equal((66, ""), (nothing.Code, nothing.Out));
        Assert.Contains("nowhere: no run to resume is there", nothing.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_run.In("nowhere")));

        string unknown = _run.In("never-started-" + Guid.NewGuid().ToString("N") + ".yaml");
        File.Copy(_run.Config, unknown);
        Assert.Equal(66, Invocation.Of("train", unknown, "--resume").Code);
    }
}

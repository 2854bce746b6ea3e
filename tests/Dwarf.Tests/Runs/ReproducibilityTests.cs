using Dwarf.Training;
using Dwarf.Training.Runs;
using Engine.Kernels;
using Xunit;

namespace Dwarf.Tests.Runs;

/// <summary>The same run gives the same bytes, however often it is stopped, on however many threads, in whatever country.</summary>
public sealed class ReproducibilityTests : IDisposable
{
    private const int Steps = 18;
    private readonly TinyRun _run = TinyRun.Phantom();

    public ReproducibilityTests() => _run.Finish("straight", "--threads", "1");

    public void Dispose() => _run.Dispose();

    [Fact]
    public void Two_threads_change_no_byte()
    {
        // Large enough for every kernel to share its work out.
        string[] sets = ["model.image.patch=4", "model.image.width=64", "model.image.hidden=128", "model.image.layers=2", "train.max_steps=4"];
        string[] more = [.. sets.SelectMany(s => new[] { "--set", s })];
        _run.Finish("one", ["--threads", "1", .. more]);
        _run.Finish("two", ["--threads", "2", .. more]);
        _run.Finish("three", ["--threads", "3", .. more]);
        _run.AssertSame("one", "two");
        _run.AssertSame("one", "three");
    }

    [Fact]
    public void The_same_command_gives_the_same_bytes()
    {
        _run.Finish("again", "--threads", "2");
        _run.AssertSame("straight", "again");
    }

    [Fact]
    public void Checkpointed_activations_change_no_byte()
    {
        _run.Finish("again", "--set", "pretrain.checkpoint_activations=true", "--set", "train.checkpoint_activations=true");
        _run.AssertSame("straight", "again");
    }

    [Fact]
    public void Another_seed_changes_the_weights()
    {
        _run.Finish("other", "--set", "seed=1");
        Assert.ThrowsAny<Exception>(() => _run.AssertSame("straight", "other"));
    }

    [Fact]
    public void A_run_stopped_after_every_single_step_ends_the_same()
    {
        int sessions = 1;
        for (bool resume = false; !_run.Session("stopped", resume, (steps, _) => steps == 1); resume = true)
        {
            Assert.True(++sessions < 50, "it does not get on");
        }

        Assert.Equal(Steps + 1, sessions);
        _run.AssertSame("straight", "stopped");
    }

    [Theory]
    [InlineData(0, "reading data")]
    [InlineData(0, "pretrain")]
    [InlineData(0, "dwarf")]
    [InlineData(0, "evaluating")]
    [InlineData(4, "")]
    [InlineData(13, "")]
    public void A_run_stopped_anywhere_ends_the_same(int steps, string stage)
    {
        Assert.False(_run.Session("stopped", false, (done, name) => steps > 0 ? done == steps : name == stage));
        Assert.False(File.Exists(_run.In("stopped/metrics.json")));
        Assert.True(_run.Session("stopped", true, (_, _) => false));
        _run.AssertSame("straight", "stopped");
    }

    [Fact]
    public void A_run_stopped_amid_a_validation_makes_it_anew()
    {
        var config = _run.Load();
        using (var cpu = new CpuDevice(1))
        using (var source = new CancellationTokenSource())
        using (var folder = RunFolder.Open("tiny", _run.In("stopped"), resume: false, force: false))
        using (var bench = new Workbench(config, DataSource.Load(config), cpu, source.Token))
        using (var runner = new StageRunner(folder, bench, SilentMonitor.Instance, Experiment.Fingerprint(config), source.Token))
        {
            File.WriteAllText(folder.Config, ResolvedText(config));
            var stage = new StoppedInValidation(new PretrainStage(bench), source);
            Assert.False(runner.Train(0, stage));
            Assert.Equal((0, 3, 3L), (runner.State.Epoch, runner.State.Step, runner.State.StageSteps));
        }

        Assert.DoesNotContain("\"split\"", File.ReadAllText(_run.In("stopped/metrics.jsonl")), StringComparison.Ordinal);
        Assert.True(_run.Session("stopped", true, (_, _) => false));
        _run.AssertSame("straight", "stopped");
    }

    [Fact]
    public void A_state_of_another_configuration_is_refused()
    {
        Assert.False(_run.Session("stopped", false, (steps, _) => steps == 2));
        var other = _run.Train("stopped", "--resume", "--set", "train.lr=0.5");
        Assert.Equal(78, other.Code);
        Assert.Contains("last.state.safetensors: the run was started with another configuration", other.Error, StringComparison.Ordinal);
    }

    private static string ResolvedText(Training.Config.RunConfig config) => Training.Config.ResolvedConfig.Write(config);

    private sealed class StoppedInValidation(IStage stage, CancellationTokenSource source) : IStage
    {
        public string Name => stage.Name;

        public StageOptions Options => stage.Options;

        public int StepsPerEpoch => stage.StepsPerEpoch;

        public int Passes(int step) => stage.Passes(step);

        public StepResult Step(int epoch, int step, int pass) => stage.Step(epoch, step, pass);

        public Validation? Validate(int epoch, bool last)
        {
            source.Cancel();
            return stage.Validate(epoch, last);
        }
    }
}

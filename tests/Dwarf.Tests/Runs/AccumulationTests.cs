using Dwarf.Training.Runs;
using Engine.Kernels;
using Engine.Tensors;
using Xunit;

namespace Dwarf.Tests.Runs;

/// <summary>A step in several passes is the step at once: averaged over what counts, whatever each pass has of it.</summary>
public sealed class AccumulationTests : IDisposable
{
    private readonly TinyRun _run = TinyRun.Phantom();

    public void Dispose() => _run.Dispose();

    [Theory]
    [InlineData("dwarf", "f64", 2)]
    [InlineData("dwarf", "f64", 8)]
    [InlineData("dwarf", "f32", 3)]
    [InlineData("dwarf", "f32", 8)]
    [InlineData("dwarf", "f32", 3, "loss.dice_on=all")]
    [InlineData("dwarf", "f64", 3, "cycle=all-per-epoch", "loss.lambda=0.9")]
    [InlineData("classification", "f64", 3)]
    [InlineData("classification", "f32", 4)]
    [InlineData("pretrain", "f64", 3)]
    [InlineData("pretrain", "f32", 8)]
    public void Accumulated_gradients_and_losses_equal_those_of_the_big_batch(string stage, string dtype, int accumulate, params string[] more)
    {
        // 22 images: the last step of an epoch has 6 of 8. The decoder drops a tenth of what it sees, in either case the same.
        string[] sets = ["data.phantom.count_train=22", "pretrain.contrast_weight=0", $"dtype={dtype}", .. more];
        string section = stage == "pretrain" ? "pretrain" : "train";
        using var cpu = new CpuDevice(2);
        using var whole = new Steps(_run, cpu, stage, sets);
        using var parts = new Steps(_run, cpu, stage, [.. sets, $"{section}.accumulate={accumulate}"]);
        double rtol = dtype == "f64" ? 1e-12 : 1e-6;
        for (int step = 0; step < whole.PerEpoch; step++)
        {
            var (expected, loss) = whole.Gradients(step);
            var (found, sum) = parts.Gradients(step);
            Assert.Equal(expected.Count, found.Count);
            Assert.True(Math.Abs(sum - loss) <= rtol * Math.Abs(loss), $"step {step}: loss {loss:R} at once, {sum:R} in passes");
            double size = Math.Sqrt(expected.Values.Sum(g => g.Sum(v => v * v))), off = 0;
            foreach (var (name, gradient) in expected)
            {
                off += gradient.Zip(found[name], (a, b) => (a - b) * (a - b)).Sum();
            }

            Assert.True(Math.Sqrt(off) <= rtol * size, $"step {step}: gradients off by {Math.Sqrt(off) / size:g3}");
        }
    }

    [Fact]
    public void The_last_step_of_an_epoch_has_as_many_passes_as_its_images_need()
    {
        var window = StepWindow.Of(2, batch: 8, accumulate: 3, total: 22);
        Assert.Equal((16, 6, 2), (window.First, window.Count, window.Passes));
        Assert.Equal([(0, 3), (3, 3)], [window.Pass(0), window.Pass(1)]);
        var full = StepWindow.Of(0, batch: 8, accumulate: 3, total: 22);
        Assert.Equal([(0, 3), (3, 3), (6, 2)], [.. Enumerable.Range(0, full.Passes).Select(full.Pass)]);
    }

    [Fact]
    public void A_run_in_passes_logs_and_counts_steps_of_the_optimiser()
    {
        string[] sets = ["--set", "pretrain.contrast_weight=0", "--set", "train.epochs=2"];
        _run.Finish("whole", sets);
        _run.Finish("parts", [.. sets, "--set", "train.accumulate=3", "--set", "pretrain.accumulate=2"]);
        string[] whole = File.ReadAllLines(_run.In("whole/metrics.jsonl")), parts = File.ReadAllLines(_run.In("parts/metrics.jsonl"));
        Assert.Equal(whole.Length, parts.Length);
        Assert.Equal(whole.Select(Head), parts.Select(Head));

        static string Head(string line) => line[..line.IndexOf(line.Contains("\"loss\"", StringComparison.Ordinal) ? "\"loss\"" : "\"metric\"", StringComparison.Ordinal)];
    }

    [Theory]
    [InlineData("pretrain.accumulate=2", "pretrain.accumulate: the image-text contrast compares all images of a step")]
    [InlineData("train.accumulate=9", "train.accumulate: 9 passes are more than train.batch_size 8 has images")]
    public void Passes_that_would_learn_something_else_are_refused(string set, string message)
    {
        var refused = _run.Train("refused", "--set", set);
        Assert.Equal(78, refused.Code);
        Assert.Contains(message, refused.Error, StringComparison.Ordinal);
    }

    private sealed class Steps : IDisposable
    {
        private readonly Workbench _bench;
        private readonly IStage _stage;

        public Steps(TinyRun run, CpuDevice cpu, string stage, string[] sets)
        {
            var config = run.Load(sets);
            _bench = new Workbench(config, DataSource.Load(config), cpu);
            foreach (var (sample, i) in _bench.Data.Samples.Select((s, i) => (s, i)))
            {
                sample.Labels[0] = i % 3 == 0 ? (sbyte)-1 : sample.Labels[0];
            }

            _stage = stage switch
            {
                "pretrain" => new PretrainStage(_bench),
                "dwarf" => new DwarfStage(_bench),
                _ => new ClassificationStage(_bench),
            };
        }

        public int PerEpoch => _stage.StepsPerEpoch;

        public (Dictionary<string, double[]> Gradients, double Loss) Gradients(int step)
        {
            double loss = 0;
            for (int pass = 0; pass < _stage.Passes(step); pass++)
            {
                loss += _stage.Step(0, step, pass).Read().Loss;
                _bench.Tape.EndPass();
            }

            var gradients = _bench.Network.Parameters.Parameters.Where(p => p.Grad is not null).ToDictionary(
                p => p.Name,
                p => p.Grad!.To(DType.F64).ToArray<double>());
            _bench.Tape.Reset();
            return (gradients, loss);
        }

        public void Dispose() => _bench.Dispose();
    }
}

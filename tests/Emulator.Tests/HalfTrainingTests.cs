using System.Globalization;
using System.Text.Json;
using Dwarf.Tests.Shell;
using Dwarf.Training;
using Dwarf.Training.Config;
using Dwarf.Training.Runs;
using Engine.Tensors;
using Engine.Tensors.Safetensors;
using Xunit;

namespace Emulator.Tests;

/// <summary>dtype bf16: activations and weights as operators see them, over parameters and moments in f32.</summary>
public sealed class HalfTrainingTests : IDisposable
{
    /// <summary>Both stages, and all that a step may do, on few small images.</summary>
    private const string Yaml =
        """
        findings: [Consolidation, Mass]
        model:
          init_std: 0.1
          image: {patch: 8, width: 16, layers: 2, heads: 2, hidden: 32}
          text: {vocab: vocab.txt, width: 16, layers: 1, heads: 2, hidden: 16, max_length: 6, projection: 16}
          decoder: {layers: 1, heads: 2, hidden: 24, dropout: 0}
        pretrain: {epochs: 1, batch_size: 8, lr: 1.0e-3, contrast_weight: 0.3}
        train: {epochs: 6, batch_size: 8, lr: 2.0e-3, ema: 0.5, accumulate: 2, layer_decay: 0.8, checkpoint_every: 4,
                freeze: ['image_encoder.vit.encoder.layer.{0..0}']}
        eval: {bootstrap: 0, overlays: 1, batch_size: 8}
        data: {kind: phantom, image_size: 32, phantom: {count_train: 16, count_validation: 8, count_test: 8, seed: 1}}

        """;

    private readonly string _root = Directory.CreateTempSubdirectory("dwarf-half-").FullName;

    private readonly EmulatedDevice _devices;

    public HalfTrainingTests(EmulatedDevice devices)
    {
        _devices = devices;
        File.WriteAllText(In("vocab.txt"), "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nconsolidation\nmass\n");
        File.WriteAllText(In("half.yaml"), Yaml);
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Passes_layer_rates_a_frozen_block_and_an_average_give_in_f32_what_they_give_on_cpu()
    {
        double[] cpu = Losses("cpu", "cpu", "f32"), emulated = Losses("single", "emulated", "f32");
        Assert.Equal(cpu.Length, emulated.Length);
        for (int i = 0; i < cpu.Length; i++)
        {
            Assert.True(Math.Abs(cpu[i] - emulated[i]) <= 1e-4 * cpu[i], $"step {i}: {cpu[i]:R} on cpu, {emulated[i]:R} emulated");
        }

        using SafetensorsFile expected = SafetensorsFile.Open(In("cpu/checkpoints/last.safetensors")), found = SafetensorsFile.Open(In("single/checkpoints/last.safetensors"));
        foreach (string name in (string[])["model.mlp_head.0.weight", "image_encoder.vit.encoder.layer.1.intermediate.dense.weight", "heads.Mass.weight"])
        {
            float[] a = expected.Read(name).ToArray<float>(), b = found.Read(name).ToArray<float>();
            double off = Math.Sqrt(a.Zip(b, (x, y) => (x - y) * (double)(x - y)).Sum()), size = Math.Sqrt(a.Sum(x => x * (double)x));
            Assert.True(off <= 1e-3 * size, $"{name} is off by {off / size:G3}");
        }
    }

    [Fact]
    public void It_lowers_the_loss_and_follows_f32()
    {
        double[] single = Losses("single", "emulated", "f32"), half = Losses("half", "emulated", "bf16");
        Assert.Equal(single.Length, half.Length);
        Assert.True(half[^2..].Average() < half[2..4].Average(), string.Join(' ', half));
        for (int i = 0; i < half.Length; i++)
        {
            // bf16 has 8 bits: 2^-9 a rounding, some tens of them one after the other.
            Assert.True(Math.Abs(half[i] - single[i]) <= 0.03 * single[i], $"step {i}: {single[i]:R} in f32, {half[i]:R} in bf16");
        }

        Assert.Contains(Enumerable.Range(0, half.Length), i => half[i] != single[i]);
        using var weights = SafetensorsFile.Open(In("half/checkpoints/best.safetensors"));
        Assert.All(weights.Entries, e => Assert.Equal(DType.F32, e.DType));
    }

    [Fact]
    public void A_run_in_two_sessions_has_the_bits_of_one()
    {
        Losses("whole", "emulated", "bf16");
        InTwoSessions();
        foreach (string file in (string[])["metrics.jsonl", "checkpoints/best.safetensors", "checkpoints/last.safetensors"])
        {
            Assert.Equal(File.ReadAllBytes(In("whole/" + file)), File.ReadAllBytes(In("parts/" + file)));
        }
    }

    [Fact]
    public void On_cpu_it_is_refused_in_one_line()
    {
        var run = Invocation.Of(["train", In("half.yaml"), "--device", "cpu", "--out", In("cpu"), "--set", "dtype=bf16"]);
        Assert.Equal(69, run.Code);
        Assert.Contains("dtype bf16 is not available on cpu; use f32 or f64", run.Error, StringComparison.Ordinal);
    }

    private void InTwoSessions()
    {
        var config = ConfigLoader.Load(In("half.yaml"), [Override.Parse("dtype=bf16"), Override.Parse("device=emulated")]);
        foreach (bool resume in (bool[])[false, true])
        {
            using var stop = new CancellationTokenSource();
            using var folder = RunFolder.Open("half", In("parts"), resume, force: false);
            Assert.Equal(resume, Experiment.Run(config, folder, _devices.Gpu, new StopAt(resume ? int.MaxValue : 7, stop), () => 0, stop.Token));
        }
    }

    private double[] Losses(string folder, string device, string dtype)
    {
        var run = Invocation.Of(["train", In("half.yaml"), "--device", device, "--out", In(folder), "--set", $"dtype={dtype}", "--verbose"]);
        Assert.True(run.Code == 0, $"exit {run.Code.ToString(CultureInfo.InvariantCulture)}: {run.Error}");
        var losses = new List<double>();
        foreach (string line in File.ReadLines(In(folder + "/metrics.jsonl")))
        {
            using var parsed = JsonDocument.Parse(line);
            if (parsed.RootElement.TryGetProperty("loss", out var loss))
            {
                losses.Add(loss.GetDouble());
            }
        }

        return [.. losses];
    }

    private string In(string name) => Path.Combine(_root, name);

    private sealed class StopAt(int steps, CancellationTokenSource stop) : IRunMonitor
    {
        private int _steps;

        public void Stage(string name, long total)
        {
        }

        public void Advance(long done, string detail)
        {
            if (detail.Length > 0 && ++_steps == steps)
            {
                stop.Cancel();
            }
        }

        public void Note(string line)
        {
        }
    }
}

using System.Text.Json;
using Dwarf.Tests.Shell;
using Engine.Tests;
using Xunit;

namespace Emulator.Tests;

/// <summary>The main job on the CUDA back end.</summary>
public sealed class TrainingTests
{
    private static readonly string[] Short =
        ["--set", "pretrain.epochs=0", "--set", "train.epochs=4", "--set", "train.max_steps=4", "--set", "eval.bootstrap=0", "--set", "eval.overlays=1"];

    [Fact]
    public void The_quick_start_gives_the_losses_of_cpu()
    {
        string root = Directory.CreateTempSubdirectory("dwarf-emulated-").FullName;
        try
        {
            var (cpu, emulated) = (Train(root, "cpu"), Train(root, "emulated"));
            Assert.Equal(4, cpu.Count);
            Assert.Equal(cpu.Count, emulated.Count);
            for (int i = 0; i < cpu.Count; i++)
            {
                Assert.True(Math.Abs(cpu[i] - emulated[i]) <= 1e-4 * Math.Abs(cpu[i]), $"step {i + 1}: {cpu[i]:R} on cpu, {emulated[i]:R} emulated");
            }

            foreach (string file in (string[])["metrics.json", "report.html", "checkpoints/best.safetensors", "checkpoints/last.safetensors"])
            {
                Assert.True(new FileInfo(Path.Combine(root, "emulated", file)).Length > 0, file);
            }
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    private static List<double> Train(string root, string device)
    {
        string config = Source.Path("configs", "quickstart.yaml");
        string[] arguments = ["train", config, "--device", device, "--out", Path.Combine(root, device), "--verbose", .. Short];
        var run = Invocation.Of(arguments);
        Assert.True(run.Code == 0, $"exit {run.Code}: {run.Error}");
        var losses = new List<double>();
        foreach (string line in File.ReadLines(Path.Combine(root, device, "metrics.jsonl")))
        {
            using var parsed = JsonDocument.Parse(line);
            if (parsed.RootElement.TryGetProperty("loss", out var loss))
            {
                losses.Add(loss.GetDouble());
            }
        }

        return losses;
    }
}

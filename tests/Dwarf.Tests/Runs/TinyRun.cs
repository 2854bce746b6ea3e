using System.Globalization;
using System.Text;
using Dwarf.Tests.Shell;
using Dwarf.Training;
using Dwarf.Training.Config;
using Dwarf.Training.Data;
using Dwarf.Training.Runs;
using Engine.Kernels;
using Xunit;

namespace Dwarf.Tests.Runs;

/// <summary>A folder with a configuration whose run takes a moment: 6 steps of pre-training, 12 of DWARF, on 48 synthetic chests.</summary>
internal sealed class TinyRun : IDisposable
{
    /// <summary>What must not depend on how a run came to its end.</summary>
    public static readonly string[] Files =
    [
        "checkpoints/best.safetensors", "checkpoints/last.safetensors", "checkpoints/pretrained.safetensors",
        "metrics.json", "metrics.jsonl",
    ];

    private const string Common =
        """
        findings: [Consolidation, Mass]
        augment: {shift: 0.06, rotate: 5, contrast: 0.1}
        model:
          init_std: 0.1
          image: {patch: 8, width: 16, layers: 1, heads: 2, hidden: 24}
          text: {vocab: vocab.txt, width: 8, layers: 1, heads: 2, hidden: 12, max_length: 6, projection: 12}
          decoder: {layers: 1, heads: 2, hidden: 24, dropout: 0.1}
        pretrain: {epochs: 2, batch_size: 8, lr: 1.0e-3, warmup_steps: 2, contrast_weight: 0.3}
        train: {epochs: 4, batch_size: 8, lr: 1.0e-3, head_lr: 5.0e-3, warmup_steps: 2}
        eval: {bootstrap: 20, overlays: 2, batch_size: 8}

        """;

    private const string Synthetic =
        "data: {kind: phantom, image_size: 32, phantom: {count_train: 24, count_validation: 12, count_test: 12, seed: 1}}\n";

    private const string OnDisk =
        "data: {images: data/images, labels: data/labels.csv, annotations: data/annotations.json, image_size: 32}\n";

    private TinyRun(string data)
    {
        Root = Directory.CreateTempSubdirectory("dwarf-run-").FullName;
        Config = In("tiny.yaml");
        File.WriteAllText(In("vocab.txt"), "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nconsolidation\nmass\nemphysema\n");
        File.WriteAllText(Config, Common + data);
    }

    /// <summary>The folder; it goes away with this object.</summary>
    public string Root { get; }

    /// <summary>The YAML.</summary>
    public string Config { get; }

    /// <summary>Chests drawn in memory.</summary>
    public static TinyRun Phantom() => new(Synthetic);

    /// <summary>Chests in files, as a real data set has them, and larger than the network sees them.</summary>
    public static TinyRun Folder(int count = 40)
    {
        var run = new TinyRun(OnDisk);
        PhantomFolder.Write(run.In("data"), count, 48, 1, SilentMonitor.Instance);
        return run;
    }

    public string In(string name) => Path.Combine(Root, name);

    /// <summary>`train` through the console host, inside this process.</summary>
    public Invocation Train(string folder, params string[] more) => Invocation.Of(["train", Config, "--out", In(folder), .. more]);

    /// <summary>A run that ended as it should.</summary>
    public void Finish(string folder, params string[] more)
    {
        var run = Train(folder, more);
        Assert.True(run.Code == 0, $"exit {run.Code}: {run.Error}");
    }

    /// <summary>One session of a run, stopped where the test wants it.</summary>
    /// <param name="folder">of the run</param>
    /// <param name="resume">goes on</param>
    /// <param name="stop">asked after each step, with the number of steps of this session, and at each stage with its name</param>
    /// <param name="sets">KEY=VALUE that the YAML does not say</param>
    /// <returns>whether the run came to its end</returns>
    public bool Session(string folder, bool resume, Func<int, string, bool> stop, params string[] sets)
    {
        var config = Load(sets);
        using var source = new CancellationTokenSource();
        using var cpu = new CpuDevice(1);
        using var run = RunFolder.Open("tiny", In(folder), resume, force: false);
        return Experiment.Run(config, run, cpu, new Stopper(source, stop), () => 0, source.Token);
    }

    public RunConfig Load(params string[] sets) => ConfigLoader.Load(Config, [.. sets.Select(Override.Parse)]);

    /// <summary>Every file of <see cref="Files"/> is the same, byte for byte.</summary>
    public void AssertSame(string expected, string found)
    {
        foreach (string file in Files)
        {
            byte[] a = File.ReadAllBytes(Path.Combine(In(expected), file)), b = File.ReadAllBytes(Path.Combine(In(found), file));
            Assert.True(a.AsSpan().SequenceEqual(b), string.Create(CultureInfo.InvariantCulture,
                $"{file} of {found} differs from {expected}'s at byte {a.AsSpan().CommonPrefixLength(b)} of {a.Length}: ...{Near(a, b)}"));
        }
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);

    private static string Near(byte[] a, byte[] b)
    {
        int at = a.AsSpan().CommonPrefixLength(b);
        return Encoding.Latin1.GetString(b.AsSpan(Math.Max(0, at - 40), Math.Min(80, b.Length - Math.Max(0, at - 40))));
    }

    private sealed class Stopper(CancellationTokenSource source, Func<int, string, bool> stop) : IRunMonitor
    {
        private int _steps;

        public void Stage(string name, long total) => Ask(name);

        public void Advance(long done, string detail)
        {
            if (detail.Length > 0)
            {
                _steps++;
                Ask("");
            }
        }

        public void Note(string line)
        {
        }

        private void Ask(string stage)
        {
            if (stop(_steps, stage))
            {
                source.Cancel();
            }
        }
    }
}

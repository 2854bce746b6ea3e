using System.Diagnostics;
using System.Globalization;
using Engine.Autograd;
using Engine.Tensors;
using Engine.Tensors.Safetensors;
using Xunit;

namespace Dwarf.Tests.Runs;

/// <summary>What a user can do wrong with `train`: one line with file and place, the right code, and nothing half-written.</summary>
public sealed class BadInputTests : IDisposable
{
    private readonly TinyRun _run = TinyRun.Folder(20);

    private string Annotations => _run.In("data/annotations.json");

    public void Dispose() => _run.Dispose();

    [Fact]
    public void A_missing_image_is_named()
    {
        string image = FirstImage();
        File.Delete(image);
        Fails(66, Path.GetFileName(image));
    }

    [Fact]
    public void A_truncated_image_is_named()
    {
        string image = FirstImage();
        byte[] bytes = File.ReadAllBytes(image);
        File.WriteAllBytes(image, bytes[..(bytes.Length / 2)]);
        Fails(65, Path.GetFileName(image));
    }

    [Theory]
    [InlineData("NaN", "expected a finite number, found NaN")]
    [InlineData("1e999", "expected a finite number, found Infinity")]
    [InlineData("5000", "expected coordinates from 0 to 1024, found 5000")]
    [InlineData("-3", "expected coordinates from 0 to 1024, found -3")]
    public void A_point_that_cannot_be_is_named_with_its_place(string coordinate, string says)
    {
        string text = File.ReadAllText(Annotations);
        int at = text.IndexOf("\"polygons\":[[[", StringComparison.Ordinal) + "\"polygons\":[[[".Length;
        File.WriteAllText(Annotations, text[..at] + coordinate + text[text.IndexOf(',', at)..]);
        Fails(65, "annotations.json", "polygon 0, point 0", says);
    }

    [Fact]
    public void Several_faults_of_a_configuration_are_told_at_once_with_their_lines()
    {
        string text = File.ReadAllText(_run.Config).Replace("head_lr: 5.0e-3", "haed_lr: 5.0e-3", StringComparison.Ordinal)
            .Replace("contrast: 0.1", "contrast: much", StringComparison.Ordinal);
        File.WriteAllText(_run.Config, text + "seeed: 3\n");
        var run = _run.Train("run");
        Assert.Equal((78, ""), (run.Code, run.Out));
        string[] lines = run.Error.TrimEnd('\n').Split('\n');
        Assert.Equal(3, lines.Length);
        Assert.All(lines, line => Assert.Matches(@"tiny\.yaml:[0-9]+:[0-9]+: ", line));
        Assert.Contains(lines, line => Has(line, "head_lr") && Has(line, "haed_lr"));
        Assert.Contains(lines, line => Has(line, "augment.contrast") && Has(line, "much"));
        Assert.Contains(lines, line => line.Contains("seeed", StringComparison.Ordinal) && line.Contains("seed", StringComparison.Ordinal));
        Assert.False(Directory.Exists(_run.In("run")));
    }

    [Fact]
    public void A_dtype_that_the_device_lacks_is_told_before_anything_is_made()
    {
        Fails(69, ["--set", "dtype=bf16"], "bf16 is not available on cpu; use f32 or f64");
        Assert.False(Directory.Exists(_run.In("run")));
        Assert.Throws<DwarfException>(() => new ParameterStore(DType.BF16));
    }

    [Fact]
    public void A_dry_run_under_json_is_a_document_and_makes_nothing()
    {
        var run = _run.Train("run", "--dry-run", "--json");
        Assert.Equal(0, run.Code);
        using var document = System.Text.Json.JsonDocument.Parse(run.Out);
        Assert.Equal(20, document.RootElement.GetProperty("images").GetInt32());
        Assert.False(Directory.Exists(_run.In("run")));
    }

    [Fact]
    public void A_configuration_that_is_not_there_and_weights_of_another_network_are_named()
    {
        var absent = Shell.Invocation.Of("train", _run.In("absent.yaml"), "--out", _run.In("run"));
        Assert.Equal(66, absent.Code);
        Assert.Contains("absent.yaml", absent.Error, StringComparison.Ordinal);

        _run.Finish("small", "--set", "pretrain.epochs=1", "--set", "train.max_steps=1");
        string weights = _run.In("small/checkpoints/best.safetensors");
        File.Copy(weights, _run.In("damaged.safetensors"));
        using (var stream = File.OpenWrite(_run.In("damaged.safetensors")))
        {
            stream.WriteByte(7);
        }

        Fails(65, ["--set", $"weights={weights}", "--set", "model.image.width=32"], weights, "must be");
        Fails(65, ["--set", $"weights={_run.In("damaged.safetensors")}"], "damaged.safetensors");
        Fails(66, ["--set", $"weights={_run.In("absent.safetensors")}"], "absent.safetensors");
    }

    [Fact]
    public void Bad_data_leaves_an_earlier_run_as_it_was()
    {
        Assert.False(_run.Session("run", false, (steps, _) => steps == 2));
        byte[] state = File.ReadAllBytes(_run.In("run/checkpoints/last.state.safetensors"));
        byte[] csv = File.ReadAllBytes(_run.In("data/labels.csv"));
        File.WriteAllBytes(_run.In("data/labels.csv"), csv[..^2]);
        var run = _run.Train("run", "--resume");
        Assert.Equal(65, run.Code);
        Assert.Contains("labels.csv", run.Error, StringComparison.Ordinal);
        Assert.Equal(state, File.ReadAllBytes(_run.In("run/checkpoints/last.state.safetensors")));
        File.WriteAllBytes(_run.In("data/labels.csv"), csv);
        _run.Finish("run", "--resume");
    }

    [Fact]
    public void A_damaged_state_is_named_and_force_starts_anew()
    {
        Assert.False(_run.Session("run", false, (steps, _) => steps == 2));
        string state = _run.In("run/checkpoints/last.state.safetensors");
        byte[] whole = File.ReadAllBytes(state);
        File.WriteAllBytes(state, whole[..^5]);
        var run = _run.Train("run", "--resume");
        Assert.Equal(65, run.Code);
        Assert.Contains("last.state.safetensors", run.Error, StringComparison.Ordinal);
        File.Copy(_run.In("run/checkpoints/last.safetensors"), state, overwrite: true);
        Assert.Equal(65, _run.Train("run", "--resume").Code);
        _run.Finish("run", "--force");
    }

    [Fact]
    public void Training_that_goes_bad_stops_before_it_writes()
    {
        _run.Finish("good", "--set", "pretrain.epochs=1", "--set", "train.max_steps=1");
        string weights = _run.In("nan.safetensors");
        using (var file = SafetensorsFile.Open(_run.In("good/checkpoints/best.safetensors")))
        {
            var tensors = file.Entries.ToDictionary(e => e.Name, e => file.Read(e.Name));
            tensors["image_encoder.vit.layernorm.weight"].Span<float>()[3] = float.NaN;
            SafetensorsWriter.Write(weights, tensors, file.Metadata.ToDictionary());
        }

        Fails(70, ["--set", $"weights={weights}"], "training went bad in stage pretrain, epoch 0, step 0: ", "NaN");
    }

    [Theory]
    [InlineData(1001, 1, true)]
    [InlineData(999, 1, false)]
    [InlineData(0.5, 1e-5, false)]
    [InlineData(11, 0, true)]
    public void A_spike_is_far_above_the_mean_but_a_hard_image_late_in_training_is_none(double loss, double mean, bool spike) =>
        Assert.Equal(spike, Training.Runs.LossSpike.Is(loss, mean));

    [Fact]
    public void A_full_disk_keeps_the_checkpoint_before_it()
    {
        string disk = _run.In("disk");
        Directory.CreateDirectory(disk);
        bool mounted = Sh($"mount -t tmpfs -o size=1m tmpfs '{disk}' 2>/dev/null") == 0;
        Assert.SkipUnless(mounted, "a small file system can be mounted by root alone");
        try
        {
            Assert.False(_run.Session("disk/run", false, (steps, _) => steps == 2));
            string state = _run.In("disk/run/checkpoints/last.state.safetensors");
            byte[] before = File.ReadAllBytes(state);
            byte[] weights = File.ReadAllBytes(_run.In("disk/run/checkpoints/last.safetensors"));

            // With more and more pages left, another write is the one that fails: state, weights, log, report.
            int[] left = [0, 1, 2, 4, 8, 16, 32, 64, 96];
            foreach (int pages in left)
            {
                Sh($"dd if=/dev/zero of='{disk}/ballast' bs=4096 2>/dev/null; truncate -s -{pages * 4096} '{disk}/ballast'");
                var full = _run.Train("disk/run", "--resume");
                Assert.True((74, "") == (full.Code, full.Out), $"{pages} pages left: exit {full.Code}: {full.Error}");
                string last = full.Error.TrimEnd('\n').Split('\n')[^1];
                Assert.StartsWith("dwarf: ", last, StringComparison.Ordinal);
                Assert.Contains(_run.In("disk/run"), last, StringComparison.Ordinal);
                Assert.Contains("No space left on device", last, StringComparison.Ordinal);
                Assert.Empty(Directory.EnumerateFiles(disk, "*.tmp", SearchOption.AllDirectories));
                Assert.False(File.Exists(_run.In("disk/run/metrics.json")));
                if (pages == 0)
                {
                    Assert.Equal(before, File.ReadAllBytes(state));
                    Assert.Equal(weights, File.ReadAllBytes(_run.In("disk/run/checkpoints/last.safetensors")));
                }

                File.Delete(Path.Combine(disk, "ballast"));
            }

            Sh($"mount -o remount,size=16m '{disk}'");
            _run.Finish("disk/run", "--resume");
            _run.Finish("straight");
            _run.AssertSame("straight", "disk/run");
        }
        finally
        {
            Sh($"umount '{disk}'");
        }
    }

    private static bool Has(string line, string text) => line.Contains(text, StringComparison.Ordinal);

    private static int Sh(string command)
    {
        using var process = Process.Start("/bin/sh", ["-c", command]);
        process.WaitForExit();
        return process.ExitCode;
    }

    private string FirstImage() => Directory.EnumerateFiles(_run.In("data/images")).Order(StringComparer.Ordinal).First();

    private void Fails(int code, params string[] says) => Fails(code, [], says);

    /// <summary>Exactly one line is an error, and no weights were written.</summary>
    private void Fails(int code, string[] more, params string[] says)
    {
        string folder = "fails-" + Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture);
        var run = _run.Train(folder, more);
        Assert.True((code, "") == (run.Code, run.Out), $"exit {run.Code}: {run.Error}");
        string line = Assert.Single(run.Error.TrimEnd('\n').Split('\n'), l => l.StartsWith("dwarf: ", StringComparison.Ordinal));
        Assert.All(says, text => Assert.Contains(text, line, StringComparison.Ordinal));
        string path = _run.In(folder);
        Assert.Empty(Directory.Exists(path) ? Directory.EnumerateFiles(path, "*.safetensors*", SearchOption.AllDirectories) : []);
    }
}

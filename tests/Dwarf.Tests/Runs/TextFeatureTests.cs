using Dwarf.Model.Weights;
using Dwarf.Training;
using Dwarf.Training.Runs;
using Engine.Autograd;
using Engine.Kernels;
using Engine.Tensors;
using Engine.Tensors.Safetensors;
using Xunit;

namespace Dwarf.Tests.Runs;

/// <summary>Text features are computed when the text encoder has changed, and only then.</summary>
public sealed class TextFeatureTests : IDisposable
{
    private readonly TinyRun _run = TinyRun.Phantom();

    public void Dispose() => _run.Dispose();

    [Fact]
    public void A_stage_without_text_encoder_computes_them_once_and_they_have_the_bits_of_new_ones()
    {
        using var trained = new Trained(_run, "pretrain.epochs=0", "train.epochs=2");
        var before = trained.Bench.Features;
        Assert.True(trained.Runner.Train(0, new DwarfStage(trained.Bench)));
        Assert.Same(before, trained.Bench.Features);
        Assert.True(Bits(trained.Fresh()).AsSpan().SequenceEqual(Bits(before)));
    }

    [Fact]
    public void Where_the_text_encoder_trains_every_save_has_its_features()
    {
        using var trained = new Trained(_run, "pretrain.epochs=1");
        var before = trained.Bench.Features;
        Assert.True(trained.Runner.Train(0, new PretrainStage(trained.Bench)));
        using var saved = SafetensorsFile.Open(_run.In("run/checkpoints/last.safetensors"));
        byte[] fresh = Bits(trained.Fresh());
        Assert.Equal(fresh, Bits(trained.Bench.Features));
        Assert.Equal(fresh, Bits(saved.Read(WeightNames.TextFeatures)));
        Assert.NotEqual(fresh, Bits(before));
    }

    [Fact]
    public void A_frozen_text_encoder_keeps_them_through_pre_training()
    {
        using var trained = new Trained(_run, "pretrain.epochs=1", "pretrain.freeze=[text_encoder]");
        var before = trained.Bench.Features;
        Assert.True(trained.Runner.Train(0, new PretrainStage(trained.Bench)));
        Assert.Same(before, trained.Bench.Features);
        Assert.Equal(Bits(trained.Fresh()), Bits(before));
    }

    [Fact]
    public void Weights_without_text_encoder_train_on_the_features_they_bring()
    {
        _run.Finish("first", "--set", "pretrain.epochs=1", "--set", "train.max_steps=1");
        string whole = _run.In("first/checkpoints/pretrained.safetensors"), bare = _run.In("bare.safetensors");
        using (var file = SafetensorsFile.Open(whole))
        {
            SafetensorsWriter.Write(
                bare,
                file.Entries.Where(e => !e.Name.StartsWith("text_encoder.", StringComparison.Ordinal)).Select(e => KeyValuePair.Create(e.Name, file.Read(e.Name))),
                file.Metadata.ToDictionary());
        }

        string[] sets = ["--set", "pretrain.epochs=0", "--set", "train.epochs=2", "--set", "findings=[Mass, Consolidation]"];
        _run.Finish("with", [.. sets, "--set", $"weights={whole}"]);
        _run.Finish("without", [.. sets, "--set", $"weights={bare}"]);
        foreach (string file in (string[])["metrics.jsonl", "metrics.json"])
        {
            Assert.Equal(File.ReadAllText(_run.In("with/" + file)), File.ReadAllText(_run.In("without/" + file)));
        }

        using var result = SafetensorsFile.Open(_run.In("without/checkpoints/best.safetensors"));
        Assert.DoesNotContain(result.Entries, e => e.Name.StartsWith("text_encoder.", StringComparison.Ordinal));

        var unknown = _run.Train("unknown", "--set", "pretrain.epochs=0", "--set", $"weights={bare}", "--set", "prompts={Mass: mas}");
        Assert.Equal(78, unknown.Code);
        Assert.Contains("has no text encoder and no text features of 'mas'; did you mean 'Mass'?", unknown.Error, StringComparison.Ordinal);
        var taught = _run.Train("taught", "--set", $"weights={bare}");
        Assert.Equal(78, taught.Code);
        Assert.Contains("pretrain.epochs: pre-training needs a text encoder", taught.Error, StringComparison.Ordinal);
    }

    private static byte[] Bits(Tensor tensor) => tensor.ByteSpan(0, (int)tensor.Bytes).ToArray();

    private sealed class Trained : IDisposable
    {
        private readonly CpuDevice _cpu = new(1);
        private readonly RunFolder _folder;

        public Trained(TinyRun run, params string[] sets)
        {
            var config = run.Load(sets);
            _folder = RunFolder.Open("tiny", run.In("run"), resume: false, force: false);
            Bench = new Workbench(config, DataSource.Load(config), _cpu);
            Runner = new StageRunner(_folder, Bench, SilentMonitor.Instance, Experiment.Fingerprint(config), CancellationToken.None);
        }

        public Workbench Bench { get; }

        public StageRunner Runner { get; }

        /// <summary>The features as the text encoder gives them now, past the cache.</summary>
        public Tensor Fresh()
        {
            using var tape = new Tape(_cpu) { Recording = false };
            return Bench.Network.Text!.Forward(tape, Bench.Prompts.Ids, Bench.Prompts.AttentionMask).Value.CopyTo(null);
        }

        public void Dispose()
        {
            Runner.Dispose();
            Bench.Dispose();
            _folder.Dispose();
            _cpu.Dispose();
        }
    }
}

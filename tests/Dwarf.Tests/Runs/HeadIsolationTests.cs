using Dwarf.Training.Runs;
using Engine.Kernels;
using Engine.Tensors.Safetensors;
using Xunit;

namespace Dwarf.Tests.Runs;

/// <summary>Findings in cycles: an epoch of one finding is no business of another's head.</summary>
public sealed class HeadIsolationTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void An_epoch_leaves_every_other_head_and_the_text_encoder_alone(int seed)
    {
        using var run = TinyRun.Phantom();
        string[] sets = ["findings=[Consolidation, Emphysema, Mass]", "train.epochs=1", "train.weight_decay=0.5", $"seed={seed}"];
        run.Finish("one", [.. sets.SelectMany(s => new[] { "--set", s })]);
        using var before = SafetensorsFile.Open(run.In("one/checkpoints/pretrained.safetensors"));
        using var after = SafetensorsFile.Open(run.In("one/checkpoints/last.safetensors"));
        string[] changed = [.. before.Entries.Select(e => e.Name).Where(name => !Bytes(before, name).SequenceEqual(Bytes(after, name)))];

        string trained = Trained(run, sets);
        string[] heads = [.. changed.Where(n => n.StartsWith("heads.", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
        Assert.Equal([$"heads.{trained}.bias", $"heads.{trained}.weight"], heads);
        Assert.DoesNotContain(changed, name => name.StartsWith("text_encoder.", StringComparison.Ordinal));
        Assert.Contains(changed, name => name.StartsWith("image_encoder.", StringComparison.Ordinal));
        Assert.Equal(6, before.Entries.Count(e => e.Name.StartsWith("heads.", StringComparison.Ordinal)));
        Assert.Contains(before.Entries, e => e.Name.StartsWith("text_encoder.", StringComparison.Ordinal));
    }

    private static string Trained(TinyRun run, string[] sets)
    {
        var config = run.Load(sets);
        using var cpu = new CpuDevice(1);
        using var bench = new Workbench(config, DataSource.Load(config), cpu);
        return config.Findings[new DwarfStage(bench).FindingOf(0, 0)];
    }

    private static byte[] Bytes(SafetensorsFile file, string name)
    {
        var tensor = file.Read(name);
        return tensor.ByteSpan(0, (int)tensor.Bytes).ToArray();
    }
}

using Dwarf.Model;
using Dwarf.Model.Weights;
using Dwarf.Training.Runs;
using Engine.Autograd;
using Engine.Autograd.Optim;
using Engine.Kernels;
using Engine.Tensors;
using Xunit;

namespace Dwarf.Tests.Model;

/// <summary>What running statistics ask of training, freezing and files.</summary>
public sealed class ResnetTests : IDisposable
{
    private const string Mean = "image_encoder.res_features.1.running_mean";

    private static readonly ModelConfig s_config = TinyModel.Config with
    {
        Image = new ImageEncoderConfig
        {
            Kind = ImageEncoderKind.Resnet50,
            Resnet = new ResnetConfig { Stage = 3, Stem = 4, Bottleneck = 2, Blocks = new ResnetBlocks(1, 1, 1, 0) },
            Size = 33,
            Width = 8,
        },
    };

    private readonly CpuDevice _cpu = new(2);
    private readonly string _folder = Directory.CreateTempSubdirectory("dwarf-resnet-").FullName;

    public void Dispose()
    {
        _cpu.Dispose();
        Directory.Delete(_folder, true);
    }

    [Fact]
    public void Strides_round_up_and_make_the_grid()
    {
        Assert.Equal((3, 3), (s_config.Image.GridRows, s_config.Image.GridColumns));
        var wide = s_config.Image with { Resnet = new ResnetConfig { Stage = 4 }, Size = 512, SizeAcross = 480 };
        Assert.Equal((16, 15), (wide.GridRows, wide.GridColumns));
        using var network = TinyModel.Network(s_config);
        using var tape = new Tape(_cpu) { Recording = false };
        var (patches, pooled) = network.Image.Forward(tape, tape.Constant(Images()));
        Assert.Equal((new Shape([2, 9, 8]), new Shape([2, 8])), (patches.Shape, pooled.Shape));
    }

    [Fact]
    public void Resuming_repeats_every_bit_running_statistics_included()
    {
        string path = Path.Combine(_folder, "state.safetensors");
        using var straight = TinyModel.Network(s_config);
        var optimiser = new AdamW(straight.Parameters);
        Train(straight, optimiser, 2);
        new TrainingState().Save(path, straight.Parameters, optimiser, null, "f");
        Train(straight, optimiser, 2);

        using var resumed = TinyModel.Network(s_config, seed: 99);
        TrainingState.Load(path, resumed.Parameters, "f");
        var second = new AdamW(resumed.Parameters);
        TrainingState.LoadMoments(path, second);
        Train(resumed, second, 2);
        Assert.All(straight.Parameters.Parameters.Zip(resumed.Parameters.Parameters), pair =>
            Assert.Equal(TinyModel.Doubles(pair.First.Value), TinyModel.Doubles(pair.Second.Value)));
        Assert.Contains(TinyModel.Doubles(straight.Parameters.Find(Mean)!.Value), v => v != 0);
    }

    [Fact]
    public void Running_statistics_move_in_training_alone_and_not_where_they_are_frozen()
    {
        using var network = TinyModel.Network(s_config);
        double[] first = TinyModel.Doubles(network.Parameters.Find(Mean)!.Value);
        Forward(network, training: false);
        Assert.Equal(first, TinyModel.Doubles(network.Parameters.Find(Mean)!.Value));
        Forward(network, training: true);
        double[] moved = TinyModel.Doubles(network.Parameters.Find(Mean)!.Value);
        Assert.NotEqual(first, moved);
        network.Freeze(["image_encoder"]);
        Forward(network, training: true);
        Assert.Equal(moved, TinyModel.Doubles(network.Parameters.Find(Mean)!.Value));

        var image = s_config.Image with { Resnet = s_config.Image.Resnet! with { FrozenStatistics = true } };
        using var frozen = TinyModel.Network(s_config with { Image = image });
        Forward(frozen, training: true);
        Assert.Equal(first, TinyModel.Doubles(frozen.Parameters.Find(Mean)!.Value));
    }

    [Fact]
    public void Buffers_are_in_files_and_never_trained()
    {
        using var network = TinyModel.Network(s_config);
        var mean = network.Parameters.Find(Mean)!;
        network.Freeze([]);
        Assert.False(mean.RequiresGrad);
        Assert.Equal(network.Parameters.Parameters.Where(p => !p.IsBuffer).Sum(p => p.Shape.Count), network.Parameters.ScalarCount);
        Train(network, new AdamW(network.Parameters), 1);
        string path = Path.Combine(_folder, "weights.safetensors");
        WeightsFile.Save(path, network, new WeightsInfo { Findings = ["A", "B"], Prompts = ["a", "b"] }, null);
        var (loaded, info, _) = WeightsFile.Load(path, DType.F64);
        using (loaded)
        {
            Assert.Equal(s_config.Image, info.Model.Image);
            Assert.Equal(TinyModel.Doubles(mean.Value), TinyModel.Doubles(loaded.Parameters.Find(Mean)!.Value));
        }
    }

    [Fact]
    public void A_configuration_that_no_resnet_can_have_is_refused()
    {
        var image = s_config.Image;
        foreach (var (bad, message) in new[]
        {
            (image with { Resnet = null }, "image.resnet: kind Resnet50 needs it"),
            (image with { Kind = ImageEncoderKind.Vit }, "image.resnet: kind Vit has none"),
            (image with { Resnet = image.Resnet! with { Stage = 2 } }, "image.resnet.stage: expected 3 or 4, found 2"),
            (image with { Resnet = image.Resnet! with { Stage = 4 } }, "image.resnet.blocks: expected at least 1, found 0"),
        })
        {
            var error = Assert.Throws<DwarfException>(() => (s_config with { Image = bad }).Validate());
            Assert.Equal((ErrorKind.Configuration, message), (error.Kind, error.Message));
        }
    }

    private static Tensor Images() => TinyModel.Random([2, 3, 33, 33], "resnet images");

    private void Forward(DwarfNetwork network, bool training)
    {
        using var tape = new Tape(_cpu);
        network.Image.Forward(tape, tape.Constant(Images()), training);
    }

    private void Train(DwarfNetwork network, AdamW optimiser, int steps)
    {
        using var tape = new Tape(_cpu);
        var dropout = new DropoutSites(0);
        for (int step = 0; step < steps; step++)
        {
            var features = tape.Constant(TinyModel.Random([2, 8], "features"));
            var (logits, _) = network.Forward(tape, tape.Constant(Images()), features, Prompts.Alone, dropout);
            tape.Backward(tape.CrossEntropy(tape.Reshape(logits, [4, 2]), tape.Constant(TinyModel.Longs([4], 0, 1, 1, 0))));
            optimiser.Step(_cpu, 1e-3);
            tape.Reset();
        }
    }
}

using Dwarf.Model;
using Dwarf.Training.Config;
using Engine.Kernels.Operators;
using Xunit;

namespace Dwarf.Tests.Model;

public sealed class NetworkSettingsTests
{
    [Fact]
    public void Every_size_of_the_configuration_reaches_the_network()
    {
        var run = new RunConfig
        {
            Data = new DataSection { ImageSize = 24 },
            Model = new ModelSection
            {
                Image = new ImageSection { Patch = 4, Width = 8, Layers = 2, Heads = 2, Hidden = 10 },
                Text = new TextSection { Width = 6, Layers = 1, Heads = 3, Hidden = 9, Projection = 7, MaxLength = 5 },
                Decoder = new DecoderSection { Layers = 3, Heads = 4, Hidden = 12, Dropout = 0.2 },
            },
            Head = new HeadSection { Kind = HeadKind.Conv3, Init = HeadInit.Random, Space = HeadSpace.Linear },
            Map = new MapSection { Scale = MapScale.Minmax },
            Loss = new LossSection { Lambda = 0.1, WFp = 2, Alpha = 3, Epsilon = 0.1, Grid = LossGrid.Patches, DiceOn = DiceOn.All },
        };
        var expected = new ModelConfig
        {
            Image = new ImageEncoderConfig { Size = 24, Patch = 4, Width = 8, Layers = 2, Heads = 2, Hidden = 10 },
            Text = new TextEncoderConfig
            {
                Vocabulary = 99,
                MaxPositions = 5,
                Width = 6,
                Layers = 1,
                Heads = 3,
                Hidden = 9,
                Projection = 7,
            },
            Decoder = new DecoderConfig { Layers = 3, Heads = 4, Hidden = 12, Dropout = 0.2 },
            Heads = new HeadConfig { Kind = HeadKind.Conv3, Init = HeadInit.Random },
        };
        Assert.Equal(expected, run.Network(99));
        Assert.Equal(new MapConfig { Scale = MapScale.Minmax, Space = HeadSpace.Linear }, run.Maps());
        Assert.Equal(
            new LossConfig { Lambda = 0.1, WFp = 2, Alpha = 3, Epsilon = 0.1, Grid = LossGrid.Patches, DiceOn = DiceOn.All }, run.Losses());
    }
}

using Dwarf.Model;

namespace Dwarf.Training.Config;

/// <summary>What a run's configuration says, as the model's own records.</summary>
public static class NetworkSettings
{
    /// <summary>Sizes of the network.</summary>
    /// <param name="config">the run</param>
    /// <param name="vocabulary">entries of the WordPiece vocabulary</param>
    public static ModelConfig Network(this RunConfig config, int vocabulary) => new()
    {
        Image = Image(config),
        Text = Text(config, vocabulary),
        Decoder = new DecoderConfig
        {
            Kind = config.Model.Decoder.Kind,
            TextWidth = config.Model.Decoder.Kind == DecoderKind.Medklip ? config.Model.Text.Width : 0,
            Layers = config.Model.Decoder.Layers,
            Heads = config.Model.Decoder.Heads,
            Hidden = config.Model.Decoder.Hidden,
            Dropout = config.Model.Decoder.Dropout,
        },
        Heads = new HeadConfig { Kind = config.Head.Kind, Init = config.Head.Init },
        InitStd = config.Model.InitStd,
    };

    /// <summary>How a raw map becomes the one that people see.</summary>
    /// <param name="config">the run</param>
    public static MapConfig Maps(this RunConfig config) => new() { Scale = config.Map.Scale, Space = config.Head.Space };

    /// <summary>The loss of the training stage.</summary>
    /// <param name="config">the run</param>
    public static LossConfig Losses(this RunConfig config) => new()
    {
        Lambda = config.Loss.Lambda,
        WFp = config.Loss.WFp,
        Alpha = config.Loss.Alpha,
        Epsilon = config.Loss.Epsilon,
        Grid = config.Loss.Grid,
        DiceOn = config.Loss.DiceOn,
    };

    private static ImageEncoderConfig Image(RunConfig config)
    {
        var image = config.Model.Image;
        var common = new ImageEncoderConfig { Kind = image.Kind, Size = config.Data.ImageSize, Width = image.Width };
        if (image.Kind == ImageEncoderKind.Resnet50)
        {
            return common with { Resnet = new ResnetConfig { Stage = image.Stage, FrozenStatistics = image.FrozenStatistics } };
        }

        return common with
        {
            Patch = image.Patch,
            Layers = image.Layers,
            Heads = image.Heads,
            Hidden = image.Hidden,
            PositionStd = image.PositionStd,
            Epsilon = image.Kind == ImageEncoderKind.LukemelasVit ? 1e-6 : common.Epsilon,
        };
    }

    private static TextEncoderConfig Text(RunConfig config, int vocabulary)
    {
        var text = config.Model.Text;
        return new TextEncoderConfig
        {
            Output = config.Model.Decoder.Kind == DecoderKind.Medklip ? TextOutput.Cls : TextOutput.Projected,
            Vocabulary = vocabulary,
            MaxPositions = text.Positions ?? text.MaxLength,
            Width = text.Width,
            Layers = text.Layers,
            Heads = text.Heads,
            Hidden = text.Hidden,
            Projection = text.Projection,
        };
    }
}

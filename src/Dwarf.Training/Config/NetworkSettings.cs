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
        Image = new ImageEncoderConfig
        {
            Size = config.Data.ImageSize,
            Patch = config.Model.Image.Patch,
            Width = config.Model.Image.Width,
            Layers = config.Model.Image.Layers,
            Heads = config.Model.Image.Heads,
            Hidden = config.Model.Image.Hidden,
            PositionStd = config.Model.Image.PositionStd,
        },
        Text = new TextEncoderConfig
        {
            Vocabulary = vocabulary,
            MaxPositions = config.Model.Text.MaxLength,
            Width = config.Model.Text.Width,
            Layers = config.Model.Text.Layers,
            Heads = config.Model.Text.Heads,
            Hidden = config.Model.Text.Hidden,
            Projection = config.Model.Text.Projection,
        },
        Decoder = new DecoderConfig
        {
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
}

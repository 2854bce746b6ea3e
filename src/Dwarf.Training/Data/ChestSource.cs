using Dwarf.Training.Config;

namespace Dwarf.Training.Data;

/// <summary>Where a data set lies and how it is read.</summary>
/// <param name="Images">folder of the pictures</param>
/// <param name="Labels">CSV with `Image Index`, `Patient ID`, `Split` and a column of 0 and 1 per label</param>
/// <param name="Annotations">ChestX-Det JSON; null: no outlines</param>
/// <param name="Findings">the findings whose masks are wanted, in the order that they will have</param>
public sealed record ChestSource(string Images, string Labels, string? Annotations, IReadOnlyList<string> Findings)
{
    /// <summary>Labels that the CSV must have a column for, by the findings' names.</summary>
    public IReadOnlyList<string> WantedLabels { get; init; } = [];

    /// <summary>Side of the frame that the outlines are given in; ChestX-Det's is 1024.</summary>
    public double AnnotationFrame { get; init; } = 1024;

    /// <summary>Side that pictures are resized to (PIL's bicubic); null: they stay as they are.</summary>
    public int? ImageSize { get; init; }

    /// <summary>Share of the training patients that is set aside to choose on, unless the CSV names a validation split itself.</summary>
    public double ValidationFraction { get; init; } = 0.2;

    /// <summary>Decides which patients these are.</summary>
    public long Seed { get; init; }

    /// <summary>What a configuration of kind folder says.</summary>
    /// <param name="config">with `data.images` and `data.labels`</param>
    public static ChestSource Of(RunConfig config) =>
        new(config.Data.Images ?? throw config.Wrong("data.images", "expected the folder of the image files"),
            config.Data.Labels ?? throw config.Wrong("data.labels", "expected the CSV of labels"),
            config.Data.Annotations,
            config.Findings)
        {
            WantedLabels = config.Pretrain.Labels,
            AnnotationFrame = config.Data.AnnotationFrame,
            ImageSize = config.Data.ImageSize,
            ValidationFraction = config.Data.ValidationFraction,
            Seed = config.Seed,
        };
}

using Dwarf.Model.Weights;

namespace Dwarf.Training.Config;

/// <summary>Images, labels and outlines.</summary>
public sealed record DataSection : ConfigSection
{
    /// <summary>Where images come from.</summary>
    [Key("folder (files on disk) or phantom (synthetic chests with known truth)")]
    public DataKind Kind { get; init; } = DataKind.Folder;

    /// <summary>Image files.</summary>
    [Key("folder of the image files", IsPath = true)]
    public string? Images { get; init; }

    /// <summary>Outlines.</summary>
    [Key("ChestX-Det JSON with the outlines", IsPath = true)]
    public string? Annotations { get; init; }

    /// <summary>Image labels and the split.</summary>
    [Key("CSV with a row per image: file, patient, split, labels", IsPath = true)]
    public string? Labels { get; init; }

    /// <summary>Side of the frame of the outlines.</summary>
    [Key("side in pixels of the frame that outlines are given in", Min = 1, Max = 65536)]
    public int AnnotationFrame { get; init; } = 1024;

    /// <summary>Side of what the network sees.</summary>
    [Key("side in pixels of the images that the network sees", Min = 8, Max = 4096)]
    public int ImageSize { get; init; } = 64;

    /// <summary>Where mean and deviation come from.</summary>
    [Key("fixed (mean and std below), image (each image's own) or imagenet (what published models take)")]
    public Normalise Normalise { get; init; } = Normalise.Fixed;

    /// <summary>Subtracted from pixels.</summary>
    [Key("mean of the pixels (0 to 1), subtracted; one for all channels or one each", Min = 0, Max = 1)]
    public ChannelValues Mean { get; init; } = 0.5;

    /// <summary>Divides pixels.</summary>
    [Key("standard deviation of the pixels, divided by; one for all channels or one each", Above = 0, Max = 10)]
    public ChannelValues Std { get; init; } = 0.25;

    /// <summary>Patients held out of training.</summary>
    [Key("share of the training patients that all choices are made on", Min = 0, Below = 1)]
    public double ValidationFraction { get; init; } = 0.2;

    /// <summary>The synthetic chests.</summary>
    [Key("the synthetic chests of kind phantom")]
    public PhantomSection Phantom { get; init; } = new();
}

/// <summary>Where mean and standard deviation of the pixels come from.</summary>
public enum Normalise
{
    /// <summary>From the configuration.</summary>
    Fixed,

    /// <summary>From each image.</summary>
    Image,

    /// <summary>Those of ImageNet, a channel each.</summary>
    Imagenet,
}

/// <summary>Where images come from.</summary>
public enum DataKind
{
    /// <summary>Files on disk.</summary>
    Folder,

    /// <summary>Synthetic chests.</summary>
    Phantom,
}

/// <summary>The synthetic chests.</summary>
public sealed record PhantomSection : ConfigSection
{
    /// <summary>Images to train on.</summary>
    [Key("images to train on", Min = 1, Max = 1_000_000)]
    public int CountTrain { get; init; } = 400;

    /// <summary>Images to choose on.</summary>
    [Key("images to choose checkpoints and thresholds on", Min = 1, Max = 1_000_000)]
    public int CountValidation { get; init; } = 100;

    /// <summary>Images to report on.</summary>
    [Key("images to report on", Min = 1, Max = 1_000_000)]
    public int CountTest { get; init; } = 200;

    /// <summary>Its own seed, so that runs with other seeds see the same chests.</summary>
    [Key("seed of the chests; other seeds of the run see the same ones", Min = 0)]
    public long Seed { get; init; }
}

/// <summary>Random changes to training images; 0 turns one off.</summary>
public sealed record AugmentSection : ConfigSection
{
    /// <summary>Translation.</summary>
    [Key("largest shift, as a share of the side", Min = 0, Max = 0.5)]
    public double Shift { get; init; }

    /// <summary>Zoom.</summary>
    [Key("largest change of size, as a share", Min = 0, Below = 1)]
    public double Scale { get; init; }

    /// <summary>Rotation.</summary>
    [Key("largest rotation in degrees", Min = 0, Max = 180)]
    public double Rotate { get; init; }

    /// <summary>Mirror.</summary>
    [Key("mirror half of the images; the heart then lies on either side")]
    public bool Flip { get; init; }

    /// <summary>Brightness.</summary>
    [Key("largest change of brightness (pixels are 0 to 1)", Min = 0, Max = 1)]
    public double Brightness { get; init; }

    /// <summary>Contrast.</summary>
    [Key("largest change of contrast, as a share", Min = 0, Below = 1)]
    public double Contrast { get; init; }
}

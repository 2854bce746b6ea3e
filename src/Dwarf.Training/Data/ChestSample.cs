namespace Dwarf.Training.Data;

/// <summary>What a picture is used for.</summary>
public enum Split
{
    /// <summary>Weights are fitted to it.</summary>
    Train,

    /// <summary>Every choice (checkpoint, threshold, early stop) is made on it.</summary>
    Validation,

    /// <summary>Figures are reported on it; nothing else.</summary>
    Test,
}

/// <summary>One picture with what is known about it.</summary>
/// <param name="FileName">unique in the data set</param>
/// <param name="PatientId">pictures of one patient are always in one split</param>
/// <param name="Split">what it is used for</param>
/// <param name="Pixels">[height, width]</param>
/// <param name="Labels">[label names of the data set] 1 yes, 0 no</param>
/// <param name="Masks">[findings of the data set], each [height, width] of 0 and 1, or null where the picture does not show the finding;
/// the whole list is null for a picture that nobody outlined</param>
public sealed record ChestSample(string FileName, string PatientId, Split Split, SamplePixels Pixels, sbyte[] Labels, byte[]?[]? Masks)
{
    /// <summary>Whether radiologists outlined this picture, if only to find nothing.</summary>
    public bool Annotated => Masks is not null;

    /// <summary>Whether an outlined picture shows a finding, which is DWARF's label; false where nobody outlined it.</summary>
    public bool Shows(int finding) => Masks?[finding] is not null;
}

namespace Dwarf.Training.Data;

/// <summary>One instance of a finding: a closed ring of corners in the annotations' frame.</summary>
/// <param name="Finding">the finding's name</param>
/// <param name="X">at least 3 corners</param>
/// <param name="Y">as many</param>
public sealed record Outline(string Finding, double[] X, double[] Y);

/// <summary>What radiologists outlined in one picture.</summary>
/// <param name="FileName">the picture's file</param>
/// <param name="Place">the record, for messages</param>
/// <param name="Outlines">all instances; several of one finding are one mask</param>
public sealed record ImageAnnotation(string FileName, string Place, IReadOnlyList<Outline> Outlines)
{
    /// <summary>The mask of one finding: the union of its outlines; null where the picture does not show it.</summary>
    /// <param name="finding">the finding's name</param>
    /// <param name="width">of the mask</param>
    /// <param name="height">of the mask</param>
    /// <param name="frame">side of the frame that the corners are given in</param>
    /// <returns>[height, width] of 0 and 1</returns>
    public byte[]? Mask(string finding, int width, int height, double frame)
    {
        byte[]? mask = null;
        foreach (var outline in Outlines.Where(outline => outline.Finding == finding))
        {
            mask ??= new byte[width * height];
            PolygonMask.Fill(mask, width, height, outline, frame);
        }

        return mask;
    }
}

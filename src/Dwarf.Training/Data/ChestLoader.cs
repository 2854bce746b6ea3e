using Dwarf.Training.Imaging;
using Engine.Tensors;

namespace Dwarf.Training.Data;

/// <summary>Reads a <see cref="ChestDataset"/>, and on the way finds everything that can be wrong with it.</summary>
/// <param name="source">where and how</param>
/// <param name="faults">where faults go</param>
internal sealed class ChestLoader(ChestSource source, DataFaults faults)
{
    /// <summary>The data set, or null where faults were found.</summary>
    public ChestDataset? Load()
    {
        NihLabels? labels = faults.Try("bad-labels", source.Labels, () => NihLabels.Load(source.Labels, faults));
        string[] known = [.. ChestXDetReader.Findings.Concat(source.Findings).Concat(labels?.Names ?? []).Distinct(StringComparer.Ordinal)];
        IReadOnlyList<ImageAnnotation>? annotations = source.Annotations is null
            ? []
            : faults.Try("bad-annotations", source.Annotations, () => ReadAnnotations(known));
        SafePath? folder = faults.Try("bad-folder", source.Images, () => new SafePath(source.Images));
        if (labels is null || folder is null)
        {
            return null;
        }

        foreach (string wanted in source.WantedLabels.Where(wanted => !labels.Names.Contains(NihLabels.NameOf(wanted))))
        {
            string hint = Nearest.Hint(wanted, [.. labels.Names]);
            faults.Report("unknown-label", source.Labels, "line 1", $"expected a column '{wanted}'{hint}");
        }

        // A file of outlines that cannot be read at all is one fault; the pictures are looked at all the same.
        if (annotations is null)
        {
            annotations = [];
        }
        else
        {
            CheckFindings(labels, annotations);
        }

        Dictionary<string, ImageAnnotation> byName = annotations.ToDictionary(annotation => annotation.FileName, StringComparer.Ordinal);
        CheckAnnotations(labels, annotations, folder);
        Picture?[] pictures = [.. labels.Rows.Select(row => LoadPicture(folder, row))];
        if (CheckSizes(labels, pictures) is not Picture model || faults.All.Count > 0)
        {
            return null;
        }

        IReadOnlySet<string> setAside = SetAside(labels, byName);
        int width = model.ScaledWidth;
        int height = model.ScaledHeight;
        ChestSample[] samples =
        [
            .. labels.Rows.Select((row, i) => new ChestSample(
                row.FileName,
                row.PatientId,
                setAside.Contains(row.PatientId) ? Split.Validation : row.Split,
                pictures[i]!.Pixels,
                row.Labels,
                byName.TryGetValue(row.FileName, out ImageAnnotation? annotation)
                    ? [.. source.Findings.Select(finding => annotation.Mask(finding, width, height, source.AnnotationFrame))]
                    : null)),
        ];
        return new ChestDataset(width, height, labels.Names, source.Findings, samples);
    }

    private IReadOnlyList<ImageAnnotation> ReadAnnotations(string[] known) =>
        ChestXDetReader.Load(source.Annotations!, source.AnnotationFrame, known, faults);

    private void CheckFindings(NihLabels labels, IReadOnlyList<ImageAnnotation> annotations)
    {
        var outlined = annotations
            .SelectMany(annotation => annotation.Outlines)
            .Select(outline => outline.Finding)
            .ToHashSet(StringComparer.Ordinal);
        string[] known = [.. outlined.Concat(labels.Names).Distinct()];
        foreach (string finding in source.Findings.Where(finding => !outlined.Contains(finding) && !labels.Names.Contains(finding)))
        {
            faults.Report(
                "unknown-finding",
                source.Annotations ?? source.Labels,
                "",
                $"the finding '{finding}' is neither outlined nor a label{Nearest.Hint(finding, known)}");
        }
    }

    /// <summary>Outlined pictures without a row in the labels; those with one are looked at with their row.</summary>
    private void CheckAnnotations(NihLabels labels, IReadOnlyList<ImageAnnotation> annotations, SafePath folder)
    {
        var listed = labels.Rows.Select(row => row.FileName).ToHashSet(StringComparer.Ordinal);
        foreach (ImageAnnotation annotation in annotations.Where(annotation => !listed.Contains(annotation.FileName)))
        {
            if (folder.Resolve(annotation.FileName, out string? problem) is not string path)
            {
                faults.Report("unsafe-name", source.Annotations!, annotation.Place, $"'{annotation.FileName}': {problem}");
                continue;
            }

            bool there = File.Exists(path);
            faults.Report(
                there ? "unlisted-image" : "missing-image",
                source.Annotations!,
                annotation.Place,
                $"the picture '{annotation.FileName}' has no row in {source.Labels}{(there ? "" : ", and is not there")}");
        }
    }

    private Picture? LoadPicture(SafePath folder, LabelRow row)
    {
        if (folder.Resolve(row.FileName, out string? problem) is not string path)
        {
            faults.Report("unsafe-name", source.Labels, row.Place, $"'{row.FileName}': {problem}");
            return null;
        }

        if (!File.Exists(path))
        {
            faults.Report("missing-image", source.Labels, row.Place, $"the picture {path} is not there");
            return null;
        }

        return faults.Try("damaged-image", path, () =>
        {
            GrayImage image = ImageReader.Load(path);
            int width = source.ImageSize ?? image.Width;
            int height = source.ImageSize ?? image.Height;
            return new Picture(image.Width, image.Height, width, height, new(image.Resize(width, height, ResizeFilter.Bicubic).ToBytes()));
        });
    }

    /// <summary>All pictures must have the size that most of them have: outlines are given in one frame for all.</summary>
    private Picture? CheckSizes(NihLabels labels, Picture?[] pictures)
    {
        var common = pictures
            .Where(picture => picture is not null)
            .GroupBy(picture => (picture!.Width, picture.Height))
            .MaxBy(group => group.Count());
        if (common is null)
        {
            faults.Report("no-images", source.Labels, "", "expected at least one picture, found none");
            return null;
        }

        for (int i = 0; i < pictures.Length; i++)
        {
            if (pictures[i] is Picture picture && (picture.Width, picture.Height) != common.Key)
            {
                string expected = $"expected {common.Key.Width}x{common.Key.Height} pixels as in the other pictures";
                faults.Report(
                    "other-size",
                    Path.Combine(source.Images, labels.Rows[i].FileName),
                    "",
                    $"{expected}, found {picture.Width}x{picture.Height}");
            }
        }

        return common.First();
    }

    private IReadOnlySet<string> SetAside(NihLabels labels, Dictionary<string, ImageAnnotation> annotations)
    {
        if (labels.Rows.Any(row => row.Split == Split.Validation))
        {
            return new HashSet<string>();
        }

        Dictionary<string, (int Pictures, bool Outlined)> patients = labels.Rows
            .Where(row => row.Split == Split.Train)
            .GroupBy(row => row.PatientId, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => (group.Count(), group.Any(row => annotations.ContainsKey(row.FileName))), StringComparer.Ordinal);
        return PatientSplit.Draw(patients, source.ValidationFraction, source.Seed);
    }

    /// <summary>The size that a picture's file has, and the picture at the size that was asked for, in the 8 bits that resizing gives.</summary>
    private sealed record Picture(int Width, int Height, int ScaledWidth, int ScaledHeight, SamplePixels Pixels);
}

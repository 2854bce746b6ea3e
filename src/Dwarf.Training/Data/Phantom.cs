using Dwarf.Model;
using Dwarf.Training.Imaging;
using Engine.Tensors;

namespace Dwarf.Training.Data;

/// <summary>
/// Synthetic chest X-rays whose truth is known. Every image has its own anatomy; each finding is there in two images of five, independently of
/// the others, anywhere in the lungs, at times twice. The findings differ by what they look like, not by where they are: Consolidation is mottled
/// and bright, Emphysema dark with a thin rim, Mass smooth and bright. So a map that reads the image can beat one that knows the usual places.
/// </summary>
public static class Phantom
{
    /// <summary>Side of the frame that outlines are given in, as in ChestX-Det.</summary>
    public const int Frame = 1024;

    /// <summary>The smallest side in pixels on which the findings can be told apart at all.</summary>
    public const int SmallestSize = 16;

    private const double Presence = 0.4;
    private const double Second = 0.25;
    private const double Apart = 0.21;

    private static readonly string[] s_findings = ["Consolidation", "Emphysema", "Mass"];

    /// <summary>The findings, in the order of all tables.</summary>
    public static IReadOnlyList<string> Findings => s_findings;

    /// <summary>Draws one image; it depends on nothing but the three numbers.</summary>
    /// <param name="seed">of the data set</param>
    /// <param name="index">of the image in it</param>
    /// <param name="size">side in pixels, at least <see cref="SmallestSize"/></param>
    /// <returns>the picture, and its outlines in the frame of <see cref="Frame"/>; their fill by <see cref="PolygonMask"/> is the truth</returns>
    public static PhantomImage Draw(long seed, int index, int size)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfLessThan(size, SmallestSize);
        ulong Key(long stream) => CounterRandom.Key(seed, index, stream);
        var random = new PhantomRandom(Key(0));
        var canvas = new PhantomCanvas(size);
        var anatomy = PhantomAnatomy.Draw(canvas, random, clouds: Key(1));
        var placed = new List<PhantomLesion>();
        var outlines = new List<Outline>();
        foreach (string finding in s_findings)
        {
            int count = !random.Chance(Presence) ? 0 : random.Chance(Second) ? 2 : 1;
            for (int i = 0; i < count; i++)
            {
                var (x, y) = Place(random, anatomy, placed);
                var lesion = PhantomLesion.Draw(random, x, y);
                placed.Add(lesion);
                Paint(canvas, finding, lesion, texture: Key(16 + placed.Count));
                outlines.Add(lesion.Outline(finding, Frame));
            }
        }

        canvas.AddNoise(Key(2), random.Next(0.03, 0.05));
        double contrast = random.Next(0.85, 1.15);
        double brightness = random.Next(-0.06, 0.06);
        canvas.Paint((_, _, v) => ((v - 0.45) * contrast) + 0.45 + brightness);
        return new PhantomImage(canvas.ToImage(), outlines);
    }

    /// <summary>Draws a data set: training, validation and test images follow each other by number.</summary>
    /// <param name="train">images to train on</param>
    /// <param name="validation">images to choose on</param>
    /// <param name="test">images to report on</param>
    /// <param name="size">side in pixels</param>
    /// <param name="seed">other seeds draw other images</param>
    /// <param name="findings">whose masks are wanted, out of <see cref="Findings"/></param>
    /// <exception cref="DwarfException">a finding or a size that phantoms do not have (configuration)</exception>
    public static ChestDataset Dataset(int train, int validation, int test, int size, long seed, IReadOnlyList<string> findings)
    {
        if (findings.FirstOrDefault(finding => !Findings.Contains(finding)) is string unknown)
        {
            throw new DwarfException(ErrorKind.Configuration, $"findings: phantoms have {string.Join(", ", Findings)}, found '{unknown}'");
        }

        if (size < SmallestSize)
        {
            throw new DwarfException(ErrorKind.Configuration, $"data.image_size: phantoms have at least {SmallestSize} pixels a side, found {size}");
        }

        var samples = new ChestSample[train + validation + test];
        for (int i = 0; i < samples.Length; i++)
        {
            Split split = i < train ? Split.Train : i < train + validation ? Split.Validation : Split.Test;
            samples[i] = Sample(Draw(seed, i, size), i, split, findings);
        }

        return new ChestDataset(size, size, Findings, findings, samples);
    }

    /// <summary>The name of an image's file.</summary>
    public static string FileName(int index) => $"{index:D5}.png";

    /// <summary>An image with the masks of some findings; every phantom counts as outlined, since its truth is known.</summary>
    /// <param name="phantom">the image</param>
    /// <param name="index">its number, which is its patient's too</param>
    /// <param name="split">what it is used for</param>
    /// <param name="findings">whose masks are wanted</param>
    public static ChestSample Sample(PhantomImage phantom, int index, Split split, IReadOnlyList<string> findings)
    {
        string name = FileName(index);
        var annotation = new ImageAnnotation(name, $"phantom {index}", phantom.Outlines);
        GrayImage image = phantom.Image;
        return new ChestSample(
            name,
            $"{index}",
            split,
            new SamplePixels(image.Pixels),
            [.. Findings.Select(finding => (sbyte)(phantom.Shows(finding) ? 1 : 0))],
            [.. findings.Select(finding => annotation.Mask(finding, image.Width, image.Height, Frame))]);
    }

    // A place in a lung, apart from the findings that are there already if a dozen tries find one: what lies over another hides it.
    private static (double X, double Y) Place(PhantomRandom random, PhantomAnatomy anatomy, List<PhantomLesion> placed)
    {
        double x = 0;
        double y = 0;
        for (int attempt = 0; attempt < 12; attempt++)
        {
            var lung = anatomy.Lungs[random.Chance(0.5) ? 0 : 1];
            var (px, py) = random.InDisc();
            x = lung.X + (0.8 * px * lung.A);
            y = lung.Y + (0.8 * py * lung.B);
            if (placed.TrueForAll(other => ((x - other.X) * (x - other.X)) + ((y - other.Y) * (y - other.Y)) > Apart * Apart))
            {
                break;
            }
        }

        return (x, y);
    }

    private static void Paint(PhantomCanvas canvas, string finding, PhantomLesion lesion, ulong texture) => canvas.Paint((x, y, v) =>
    {
        double distance = lesion.Distance(x, y);
        double cover = PhantomCanvas.Cover(distance, 0.12);
        double strength = lesion.Strength;
        switch (finding)
        {
            case "Mass":
                double inner = Math.Min(distance, 1);
                return v + (0.30 * strength * cover * (1 - (0.35 * inner * inner)));
            case "Emphysema":
                double rim = PhantomCanvas.Smooth((0.16 - Math.Abs(distance - 1)) / 0.12);
                return (v * (1 - (0.62 * Math.Min(1, strength) * cover))) + (0.16 * strength * rim);
            default:
                return v + (strength * cover * (0.15 + (0.8 * (PhantomRandom.Lattice(texture, x, y, 26) - 0.5))));
        }
    });
}

/// <summary>One synthetic X-ray.</summary>
/// <param name="Image">the picture, in 256 steps of grey</param>
/// <param name="Outlines">one ring per instance, in whole numbers of <see cref="Phantom.Frame"/></param>
public sealed record PhantomImage(GrayImage Image, IReadOnlyList<Outline> Outlines)
{
    /// <summary>Whether a finding is there.</summary>
    public bool Shows(string finding) => Outlines.Any(outline => outline.Finding == finding);
}

using System.Text;
using System.Text.Json;
using Dwarf.Training.Imaging;
using Engine.Tensors;

namespace Dwarf.Training.Data;

/// <summary>Writes phantoms as a data set on disk, in the same formats as the real one: PNG images, a CSV of labels, outlines in ChestX-Det's JSON.</summary>
public static class PhantomFolder
{
    /// <summary>Writes a folder; it appears whole or not at all.</summary>
    /// <param name="folder">must not exist</param>
    /// <param name="count">images: of ten in a row, six are for training, one for validation, three for test</param>
    /// <param name="size">side in pixels</param>
    /// <param name="seed">other seeds give other images</param>
    /// <param name="monitor">hears of every image</param>
    /// <exception cref="DwarfException">the folder exists (73), or cannot be written (74)</exception>
    public static void Write(string folder, int count, int size, long seed, IRunMonitor monitor)
    {
        if (Directory.Exists(folder) || File.Exists(folder))
        {
            throw new DwarfException(ErrorKind.OutputExists, $"{folder}: exists already; give another --out");
        }

        string path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        string draft = $"{path}.part";
        try
        {
            if (Directory.Exists(draft))
            {
                Directory.Delete(draft, recursive: true);
            }

            Directory.CreateDirectory(Path.Combine(draft, "images"));
            WriteFiles(draft, count, size, seed, monitor);
            Directory.Move(draft, path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Remove(draft);
            throw new DwarfException(ErrorKind.InputOutput, $"{folder}: cannot be written: {error.Message.ReplaceLineEndings(" ")}", error);
        }
    }

    private static void WriteFiles(string folder, int count, int size, long seed, IRunMonitor monitor)
    {
        monitor.Stage("phantom", count);
        var labels = new StringBuilder("Image Index,Patient ID,Split,").AppendJoin(',', Phantom.Findings).Append('\n');
        using var file = File.Create(Path.Combine(folder, "annotations.json"));
        using var json = new Utf8JsonWriter(file);
        json.WriteStartArray();
        for (int i = 0; i < count; i++)
        {
            PhantomImage phantom = Phantom.Draw(seed, i, size);
            string name = Phantom.FileName(i);
            File.WriteAllBytes(Path.Combine(folder, "images", name), PngWriter.Encode(phantom.Image));
            labels.Append(name).Append(',').Append(i).Append(',').Append((i % 10) switch { < 6 => "train", 6 => "val", _ => "test" });
            foreach (string finding in Phantom.Findings)
            {
                labels.Append(',').Append(phantom.Shows(finding) ? '1' : '0');
            }

            labels.Append('\n');
            WriteRecord(json, name, phantom.Outlines);
            monitor.Advance(i + 1, name);
        }

        json.WriteEndArray();
        File.WriteAllText(Path.Combine(folder, "labels.csv"), labels.ToString());
        File.WriteAllText(Path.Combine(folder, "README.md"), Readme(count, size, seed));
    }

    // The keys of ChestX-Det, in its order.
    private static void WriteRecord(Utf8JsonWriter json, string name, IReadOnlyList<Outline> outlines)
    {
        json.WriteStartObject();
        json.WriteString("file_name", name);
        json.WriteStartArray("syms");
        foreach (Outline outline in outlines)
        {
            json.WriteStringValue(outline.Finding);
        }

        json.WriteEndArray();
        json.WriteStartArray("boxes");
        foreach (Outline outline in outlines)
        {
            WriteNumbers(json, outline.X.Min(), outline.Y.Min(), outline.X.Max(), outline.Y.Max());
        }

        json.WriteEndArray();
        json.WriteStartArray("polygons");
        foreach (Outline outline in outlines)
        {
            json.WriteStartArray();
            for (int i = 0; i < outline.X.Length; i++)
            {
                WriteNumbers(json, outline.X[i], outline.Y[i]);
            }

            json.WriteEndArray();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteNumbers(Utf8JsonWriter json, params ReadOnlySpan<double> numbers)
    {
        json.WriteStartArray();
        foreach (double number in numbers)
        {
            json.WriteNumberValue((int)number);
        }

        json.WriteEndArray();
    }

    private static string Readme(int count, int size, long seed) =>
        $"""
        # Synthetic chest X-rays

        {count} images of {size}x{size} pixels, drawn by `dwarf data phantom --count {count} --size {size} --seed {seed}`; the same command draws the
        same images. No patient was involved. Findings: {string.Join(", ", Phantom.Findings)}; each lies anywhere in the lungs, in two images of five.

        - `images/`: 8-bit grey PNG
        - `labels.csv`: `Image Index,Patient ID,Split` and a column of 0 and 1 per finding; every image is a patient of its own
        - `annotations.json`: outlines in ChestX-Det's format, in a frame of {Phantom.Frame}x{Phantom.Frame} whatever the size of the images; they are
          the exact truth (a pixel belongs to a finding if its centre lies inside)

        """.ReplaceLineEndings("\n");

    private static void Remove(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The first error is the one to report.
        }
    }
}

using System.Text.RegularExpressions;
using Engine.Tensors;

namespace Engine.Kernels;

/// <summary>A .cu file with all headers that it includes, as text: what a compiler is given, and what a cache key is made of.</summary>
internal sealed partial class KernelSource
{
    private readonly List<(string Name, string Text)> _headers = [];

    private KernelSource(string path, string text)
    {
        Path = path;
        Text = text;
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Its content.</summary>
    public string Text { get; }

    /// <summary>Every header it includes, directly or through another one, by the name it is included by, in the order first met.</summary>
    public IReadOnlyList<(string Name, string Text)> Headers => _headers;

    /// <summary>Reads a file and its headers.</summary>
    /// <param name="path">the .cu file</param>
    /// <param name="folder">where headers lie that are not beside the file: our kernels</param>
    /// <exception cref="DwarfException">the file is not there (missing input)</exception>
    public static KernelSource Load(string path, string folder)
    {
        var source = new KernelSource(path, Read(path));
        source.AddHeaders(source.Text, System.IO.Path.GetDirectoryName(path)!, folder);
        return source;
    }

    // A header that is nowhere is left out: it may stand under an #if, and otherwise the compiler says so with its line.
    private void AddHeaders(string text, string beside, string folder)
    {
        foreach (Match match in Include().Matches(text))
        {
            string name = match.Groups[1].Value;
            string path = System.IO.Path.Combine(beside, name);
            path = File.Exists(path) ? path : System.IO.Path.Combine(folder, name);
            if (File.Exists(path) && !_headers.Exists(header => header.Name == name))
            {
                string header = Read(path);
                _headers.Add((name, header));
                AddHeaders(header, System.IO.Path.GetDirectoryName(path)!, folder);
            }
        }
    }

    private static string Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DwarfException(ErrorKind.MissingInput, $"{path}: cannot be read: {error.Message}", error);
        }
    }

    [GeneratedRegex("""^[ \t]*#[ \t]*include[ \t]*["<]([^">\n]+)[">]""", RegexOptions.Multiline)]
    private static partial Regex Include();
}

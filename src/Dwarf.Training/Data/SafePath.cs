using Engine.Tensors;

namespace Dwarf.Training.Data;

/// <summary>
/// Turns file names of a data set into paths that cannot leave the data set's folder, whatever the names or links in the folder say.
/// </summary>
public sealed class SafePath
{
    private const int MaxNameLength = 1024;
    private const int MaxLinks = 40;

    private readonly string _root;
    private readonly string _realRoot;

    /// <summary>Names are resolved inside this folder.</summary>
    /// <param name="root">the folder</param>
    /// <exception cref="DwarfException">no such folder (missing input)</exception>
    public SafePath(string root)
    {
        _root = root;
        _realRoot = Directory.Exists(root)
            ? RealPath(Path.GetFullPath(root))
            : throw new DwarfException(ErrorKind.MissingInput, $"{root}: no such folder");
    }

    /// <summary>The path of a name inside the folder.</summary>
    /// <param name="name">as the data set spells it; '/' separates folders</param>
    /// <param name="problem">why the name is refused; null if it is fine</param>
    /// <returns>the path under the folder as the user named it; null if refused. Whether a file is there is another question</returns>
    public string? Resolve(string name, out string? problem)
    {
        problem = Problem(name);
        if (problem is not null)
        {
            return null;
        }

        string path = Path.Combine(_root, name);
        string real = RealPath(Path.Combine(_realRoot, name));
        if (!real.StartsWith(_realRoot.TrimEnd(Path.DirectorySeparatorChar) + Path.DirectorySeparatorChar, StringComparison.Ordinal))
        {
            problem = "the name leads out of the folder through a link";
            return null;
        }

        return path;
    }

    /// <summary>What is wrong with a name by itself, wherever it is looked for; null if nothing is.</summary>
    public static string? Problem(string name)
    {
        if (name.Length is 0 or > MaxNameLength)
        {
            return $"a file name must have 1 to {MaxNameLength} characters, found {name.Length}";
        }

        if (name.Any(char.IsControl) || name.Contains('\\', StringComparison.Ordinal) || name.Contains(':', StringComparison.Ordinal))
        {
            return "a file name must not hold control characters, '\\' or ':'";
        }

        return name.Split('/').Any(part => part is "" or "." or "..")
            ? "a file name must not be absolute or hold empty parts, '.' or '..'"
            : null;
    }

    /// <summary>The path without any link in it, as realpath(3); parts that are not there stay as they are.</summary>
    private static string RealPath(string path)
    {
        var parts = new Stack<string>(path.Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries).Reverse());
        string root = Path.GetPathRoot(path)!;
        string real = root;
        int links = 0;
        if (OperatingSystem.IsWindows())
        {
            parts.Pop();
        }

        while (parts.TryPop(out string? part))
        {
            if (part == ".")
            {
                continue;
            }

            if (part == "..")
            {
                real = Path.GetDirectoryName(real) ?? root;
                continue;
            }

            string next = Path.Combine(real, part);
            if (new FileInfo(next).LinkTarget is not string target || ++links > MaxLinks)
            {
                real = next;
                continue;
            }

            real = Path.IsPathRooted(target) ? root : real;
            foreach (string piece in target.Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries).Reverse())
            {
                parts.Push(piece);
            }
        }

        return real;
    }
}

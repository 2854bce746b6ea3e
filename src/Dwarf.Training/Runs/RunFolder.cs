using System.Globalization;
using Engine.Tensors;

namespace Dwarf.Training.Runs;

/// <summary>The folder of one run: who owns it, where its files lie, whether it is finished.</summary>
public sealed class RunFolder : IDisposable
{
    private const string LockName = ".lock";
    private const string OwnerName = ".owner";
    private readonly FileStream _lock;

    private RunFolder(string path, bool resumed, FileStream owner)
    {
        Path = path;
        Resumed = resumed;
        _lock = owner;
    }

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>Whether an earlier run goes on in it.</summary>
    public bool Resumed { get; }

    /// <summary>The resolved configuration.</summary>
    public string Config => In("config.yaml");

    /// <summary>One JSON object a line, written as the run goes.</summary>
    public string MetricsLog => In("metrics.jsonl");

    /// <summary>The final metrics; their presence marks a finished run.</summary>
    public string Metrics => In("metrics.json");

    /// <summary>The report, one file without network.</summary>
    public string Report => In("report.html");

    /// <summary>The folder of the overlays.</summary>
    public string Overlays => In("overlays");

    /// <summary>Whether the run ended: metrics.json is written last.</summary>
    public bool Finished => File.Exists(Metrics);

    /// <summary>A file of checkpoints/.</summary>
    /// <param name="name">file name</param>
    /// <returns>its path</returns>
    public string Checkpoint(string name) => System.IO.Path.Combine(Path, "checkpoints", name);

    /// <summary>Opens the folder of a run, new or to be resumed, and locks it.</summary>
    /// <param name="configName">file name of the configuration without extension</param>
    /// <param name="given">--out, or null for runs/NAME-N</param>
    /// <param name="resume">--resume: go on in the newest run of that name, or in <paramref name="given"/></param>
    /// <param name="force">--force: replace the run in <paramref name="given"/></param>
    /// <returns>the locked folder</returns>
    /// <exception cref="DwarfException">it exists (73), no run is there to resume (66), or another process runs in it (78)</exception>
    public static RunFolder Open(string configName, string? given, bool resume, bool force)
    {
        string path = given ?? (resume ? Newest(configName) : NextFree(configName));
        bool exists = Directory.Exists(path) || File.Exists(path);
        bool isRun = File.Exists(System.IO.Path.Combine(path, "config.yaml"));
        if (resume && !isRun)
        {
            throw new DwarfException(ErrorKind.MissingInput, $"{path}: no run to resume is there (config.yaml is missing)");
        }

        bool empty = Directory.Exists(path) && IsSkeleton(path);
        if (exists && !resume && !empty)
        {
            if (!force)
            {
                throw new DwarfException(
                    ErrorKind.OutputExists, $"{path}: exists already; give --resume to go on, --force to replace it, or another --out");
            }

            if (!isRun)
            {
                throw new DwarfException(
                    ErrorKind.OutputExists, $"{path}: is not the folder of a run (no config.yaml), so --force does not replace it");
            }
        }

        FileStream? owner = null;
        try
        {
            Directory.CreateDirectory(System.IO.Path.Combine(path, "checkpoints"));
            owner = Lock(path);
            if (exists && !resume && !empty)
            {
                Clear(path);
            }

            Directory.CreateDirectory(System.IO.Path.Combine(path, "checkpoints"));
            Directory.CreateDirectory(System.IO.Path.Combine(path, "overlays"));
            foreach (string left in Directory.EnumerateFiles(path, "*.tmp", SearchOption.AllDirectories))
            {
                File.Delete(left);
            }

            return new RunFolder(path, resume, owner);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            owner?.Dispose();
            throw new DwarfException(ErrorKind.InputOutput, $"{path}: the run folder cannot be made: {error.Message}", error);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        File.Delete(In(OwnerName));
        _lock.Dispose();
        File.Delete(_lock.Name);
    }

    private static FileStream Lock(string path)
    {
        string file = System.IO.Path.Combine(path, LockName);
        FileStream stream;
        try
        {
            stream = new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException error) when (File.Exists(file))
        {
            throw new DwarfException(ErrorKind.Configuration, $"{path}: {Owner(path)} is running in this folder ({file} is locked)", error);
        }

        try
        {
            // Beside the lock, because not even another process's reader may open a locked file.
            File.WriteAllText(System.IO.Path.Combine(path, OwnerName), $"process {Environment.ProcessId} on {Environment.MachineName}");
            return stream;
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    private static string Owner(string path)
    {
        try
        {
            return File.ReadAllText(System.IO.Path.Combine(path, OwnerName)) is { Length: > 0 } owner ? owner : "another process";
        }
        catch (IOException)
        {
            return "another process";
        }
    }

    /// <summary>Whether nothing is there but what <see cref="Open"/> makes: empty, or a run that was killed in its first instant.</summary>
    private static bool IsSkeleton(string path) => !Directory.EnumerateFileSystemEntries(path).Any(entry =>
        System.IO.Path.GetFileName(entry) is var name && name is not (LockName or OwnerName) && name != "config.yaml.tmp"
        && !(name is "checkpoints" or "overlays" && Directory.Exists(entry) && !Directory.EnumerateFileSystemEntries(entry).Any()));

    private static void Clear(string path)
    {
        foreach (string directory in Directory.EnumerateDirectories(path))
        {
            Directory.Delete(directory, recursive: true);
        }

        foreach (string file in Directory.EnumerateFiles(path).Where(f => System.IO.Path.GetFileName(f) is not (LockName or OwnerName)))
        {
            File.Delete(file);
        }
    }

    private static string NextFree(string name)
    {
        for (int n = 1; ; n++)
        {
            string path = System.IO.Path.Combine("runs", string.Create(CultureInfo.InvariantCulture, $"{name}-{n}"));
            if (!Directory.Exists(path) && !File.Exists(path))
            {
                return path;
            }
        }
    }

    private static string Newest(string name)
    {
        var numbers = !Directory.Exists("runs") ? [] : Directory.EnumerateDirectories("runs", name + "-*")
            .Select(d => System.IO.Path.GetFileName(d)[(name.Length + 1)..])
            .Where(text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _))
            .Select(text => int.Parse(text, CultureInfo.InvariantCulture))
            .ToList();
        return numbers.Count > 0
            ? System.IO.Path.Combine("runs", string.Create(CultureInfo.InvariantCulture, $"{name}-{numbers.Max()}"))
            : throw new DwarfException(ErrorKind.MissingInput, $"runs/{name}-*: no run of this configuration is there to resume");
    }

    private string In(string name) => System.IO.Path.Combine(Path, name);
}

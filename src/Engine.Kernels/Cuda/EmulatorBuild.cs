using System.ComponentModel;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Engine.Tensors;

namespace Engine.Kernels;

/// <summary>Builds the emulator from the sources beside the program, once for each compiler and each state of the sources.</summary>
internal static class EmulatorBuild
{
    // -O3 for the matrix products; contraction stays off so that every machine rounds alike.
    private static readonly string[] s_flags =
        ["-std=c++17", "-O3", "-g1", "-fPIC", "-fvisibility=hidden", "-ffp-contract=off", "-Wall", "-Wextra", "-Werror"];

    private static readonly string[] s_linking = ["-shared", "-Wl,-soname,libdwarf-emulator.so", "-ldl", "-lpthread", "-Wl,--no-undefined"];

    /// <summary>The library's path, built first where it is not there yet.</summary>
    /// <param name="sources">folder of the .cpp files; null: the folder emulator beside the program</param>
    /// <param name="cache">where libraries are kept; null: the user's cache</param>
    /// <returns>path of the library, and the key that names sources, flags and compiler</returns>
    /// <exception cref="DwarfException">no sources, no compiler, or they do not compile (unavailable)</exception>
    public static (string Library, string Key) Ensure(string? sources = null, string? cache = null)
    {
        if (!OperatingSystem.IsLinux() || System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture
            != System.Runtime.InteropServices.Architecture.X64)
        {
            throw new DwarfException(ErrorKind.Unavailable, "emulated is not available: the emulator runs on Linux on x86-64 only");
        }
        string folder = sources ?? Path.Combine(AppContext.BaseDirectory, "emulator");
        string[] files = Directory.Exists(folder) ? [.. Directory.GetFiles(folder).Order(StringComparer.Ordinal)] : [];
        string[] units = [.. files.Where(file => file.EndsWith(".cpp", StringComparison.Ordinal))];
        if (units.Length == 0)
        {
            throw new DwarfException(ErrorKind.Unavailable, $"device emulated is not available: its sources are not in {folder}");
        }
        string compiler = Environment.GetEnvironmentVariable("CXX") is { Length: > 0 } named ? named : "g++";
        string key = KeyOf(compiler, files);
        string target = Path.Combine(cache ?? DefaultCache, $"dwarf-emulator-{key}.so");
        if (!File.Exists(target))
        {
            Build(compiler, folder, units, target);
        }
        return (target, key);
    }

    /// <summary>Where the library is kept: $DWARF_CACHE, or the system's place for caches.</summary>
    public static string DefaultCache => Path.Combine(Path.GetDirectoryName(KernelCache.DefaultFolder)!, "emulator");

    private static string KeyOf(string compiler, string[] files)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        void Add(ReadOnlySpan<byte> bytes)
        {
            hash.AppendData(BitConverter.GetBytes((long)bytes.Length));
            hash.AppendData(bytes);
        }
        string version = Run(compiler, ["--version"], null).Output;
        Add(Encoding.UTF8.GetBytes($"{compiler}\n{version}\n{string.Join(' ', s_flags)} {string.Join(' ', s_linking)}"));
        foreach (string file in files)
        {
            Add(Encoding.UTF8.GetBytes(Path.GetFileName(file)));
            Add(File.ReadAllBytes(file));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset())[..24];
    }

    private static void Build(string compiler, string folder, string[] units, string target)
    {
        string parent = Path.GetDirectoryName(target)!;
        string work = Path.Combine(parent, $"build-{Environment.ProcessId}-{Path.GetRandomFileName()}");
        try
        {
            Directory.CreateDirectory(work);
            int failed = 0;
            string first = "";
            Parallel.ForEach(units, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, unit =>
            {
                string result = Path.Combine(work, Path.GetFileNameWithoutExtension(unit) + ".o");
                var (status, output) = Run(compiler, [.. s_flags, $"-DDWARF_SOURCE=\"{folder}\"", "-c", unit, "-o", result], null);
                if (status != 0 && Interlocked.Exchange(ref failed, 1) == 0)
                {
                    first = output;
                }
            });
            string library = Path.Combine(work, "library.so");
            if (failed == 0)
            {
                string[] objects = [.. units.Select(unit => Path.Combine(work, Path.GetFileNameWithoutExtension(unit) + ".o"))];
                (failed, first) = Run(compiler, [.. objects, .. s_linking, "-o", library], null);
            }
            if (failed != 0)
            {
                string[] lines = first.Split('\n');
                string line = lines.FirstOrDefault(each => each.Contains("error", StringComparison.Ordinal)) ?? lines[0];
                throw new DwarfException(
                    ErrorKind.Unavailable, $"device emulated is not available: {compiler} does not build the emulator: {line.Trim()}");
            }
            // Another process may have been faster; its library is as good.
            File.Move(library, target, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DwarfException(
                ErrorKind.Unavailable, $"device emulated is not available: {parent} cannot be written ({error.Message})", error);
        }
        finally
        {
            try
            {
                Directory.Delete(work, recursive: true);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // What is left over harms nobody.
            }
        }
    }

    private static (int Status, string Output) Run(string program, IEnumerable<string> arguments, string? folder)
    {
        try
        {
            var start = new ProcessStartInfo(program, arguments)
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                WorkingDirectory = folder ?? "",
            };
            using var process = Process.Start(start)!;
            var errors = process.StandardError.ReadToEndAsync();
            string output = process.StandardOutput.ReadToEnd() + errors.GetAwaiter().GetResult();
            process.WaitForExit();
            return (process.ExitCode, output);
        }
        catch (Win32Exception error)
        {
            throw new DwarfException(
                ErrorKind.Unavailable,
                $"device emulated is not available: it needs a C++ compiler, and {program} cannot be started; install g++ or set CXX",
                error);
        }
    }
}

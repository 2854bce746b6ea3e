using System.Diagnostics;

namespace Emulator.Tests;

/// <summary>
/// Libraries that answer like a CUDA installation, built by g++ into a folder of their own; and `dwarf` run with them on its library path.
/// </summary>
public sealed class FakeCuda : IDisposable
{
    private const string Driver = """
        #include <cstdlib>
        #include <cstring>
        static int number(const char* name, int otherwise) { const char* text = getenv(name); return text ? atoi(text) : otherwise; }
        extern "C" int cuInit(unsigned) { return number("FAKE_INIT", 0); }
        extern "C" int cuDriverGetVersion(int* version) { *version = number("FAKE_VERSION", 12040); return 0; }
        extern "C" int cuDeviceGetCount(int* count) { *count = number("FAKE_DEVICES", 1); return 0; }
        extern "C" int cuDeviceGet(int* device, int ordinal) { *device = ordinal; return 0; }
        extern "C" int cuDeviceGetName(char* name, int, int) { strcpy(name, "Fake GPU"); return 0; }
        extern "C" int cuGetErrorName(int, const char** name) { *name = "CUDA_ERROR_NO_DEVICE"; return 0; }
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("dwarf-fake-cuda").FullName;

    /// <summary>Builds a library.</summary>
    /// <param name="name">as in libcuda.so.1</param>
    /// <param name="source">C++; null: a driver</param>
    public void Add(string name, string? source = null)
    {
        string file = Path.Combine(_folder, "source.cpp");
        File.WriteAllText(file, source ?? Driver);
        var (code, output) = Run("g++", ["-shared", "-fPIC", "-o", Path.Combine(_folder, name), file], []);
        if (code != 0)
        {
            throw new InvalidOperationException(output);
        }
    }

    /// <summary>Runs the console program with these libraries.</summary>
    /// <param name="environment">more variables</param>
    /// <param name="arguments">the verb and its options</param>
    /// <returns>exit code and what it wrote on both streams</returns>
    public (int Code, string Output) Dwarf(Dictionary<string, string> environment, params string[] arguments)
    {
        foreach (string variable in new[] { "CUDA_PATH", "CUDA_HOME", "VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH" })
        {
            environment.TryAdd(variable, "");
        }
        environment["LD_LIBRARY_PATH"] = _folder;
        environment["HOME"] = _folder;
        return Run(Path.Combine(AppContext.BaseDirectory, "dwarf"), arguments, environment);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static (int Code, string Output) Run(string program, string[] arguments, Dictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd() + errors.GetAwaiter().GetResult();
        process.WaitForExit();
        return (process.ExitCode, output);
    }
}

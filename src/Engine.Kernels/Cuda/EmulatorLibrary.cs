using System.Runtime.InteropServices;
using Engine.Tensors;

namespace Engine.Kernels;

/// <summary>The emulator as the libraries of this process.</summary>
public static class EmulatorLibrary
{
    /// <summary>What keeps the emulator from working here, as far as a look tells: nothing is built or run.</summary>
    /// <returns>one line; null: nothing</returns>
    public static string? Missing()
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64)
        {
            return "the emulator runs on Linux on x86-64 only";
        }
        string compiler = Environment.GetEnvironmentVariable("CXX") is { Length: > 0 } named ? named : "g++";
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries);
        return compiler.Contains('/', StringComparison.Ordinal)
            ? (File.Exists(compiler) ? null : $"{compiler}, which CXX names, is not there")
            : folders.Any(folder => File.Exists(Path.Combine(folder, compiler))) ? null
            : $"it needs a C++ compiler, and {compiler} is not on the path; install g++ or set CXX";
    }

    /// <summary>Builds the library where that is not done yet and binds it.</summary>
    /// <param name="options">threads</param>
    /// <returns>what tells one build and mode of it from another: part of every kernel's cache key</returns>
    /// <exception cref="DwarfException">no compiler, or it does not build (unavailable)</exception>
    internal static string Bind(CudaOptions options)
    {
        var (library, key) = EmulatorBuild.Ensure();
        CudaLibraries.BindEmulator(library);
        Emulator.SetWorkers(options.Threads);
        if (options.Instruments != Instrumentation.None || Instruments.Mode != Instrumentation.None)
        {
            Instruments.Set(options.Instruments, options.Samples);
        }
        return $"emulator {key}{(Emulator.Checked ? " checked" : "")}";
    }
}

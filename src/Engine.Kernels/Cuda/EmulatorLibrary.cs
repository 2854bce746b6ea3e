using Engine.Tensors;

namespace Engine.Kernels;

/// <summary>The emulator as the libraries of this process.</summary>
internal static class EmulatorLibrary
{
    /// <summary>Builds the library where that is not done yet and binds it.</summary>
    /// <param name="options">threads</param>
    /// <returns>what tells one build and mode of it from another: part of every kernel's cache key</returns>
    /// <exception cref="DwarfException">no compiler, or it does not build (unavailable)</exception>
    public static string Bind(CudaOptions options)
    {
        var (library, key) = EmulatorBuild.Ensure();
        CudaLibraries.BindEmulator(library);
        Emulator.SetWorkers(options.Threads);
        return $"emulator {key}{(Emulator.Checked ? " checked" : "")}";
    }
}

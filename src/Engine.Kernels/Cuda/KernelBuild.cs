using Engine.Tensors;

namespace Engine.Kernels;

/// <summary>One compiled kernel file, for `kernels build`.</summary>
/// <param name="File">stem of the file</param>
/// <param name="DType">what `scalar` is</param>
/// <param name="Bytes">size of the image</param>
/// <param name="Cached">whether the cache had it already</param>
public readonly record struct BuiltKernel(string File, DType DType, int Bytes, bool Cached);

/// <summary>
/// Compiles every kernel file for an architecture, without a device: what the cache then holds, no first launch waits for.
/// </summary>
public static class KernelBuild
{
    /// <summary>The dtypes that kernels are compiled for.</summary>
    public static IReadOnlyList<DType> DTypes { get; } = [DType.F32, DType.F64, DType.BF16];

    /// <summary>Compiles all, each file once for each dtype, with the macros' default values.</summary>
    /// <param name="device">cuda (NVRTC alone is needed, no driver) or emulated</param>
    /// <param name="architecture">as in sm_90</param>
    /// <param name="options">folders; null for the program's own</param>
    /// <returns>what was compiled, file by file, as it goes</returns>
    /// <exception cref="DwarfException">no compiler (unavailable), an unknown architecture, or a kernel that does not compile
    /// (FILE:LINE)</exception>
    public static IEnumerable<BuiltKernel> All(string device, string architecture, CudaOptions? options = null)
    {
        options ??= new CudaOptions();
        string emulator = device == "emulated" ? EmulatorLibrary.Bind(options) : "";
        CudaLibraries.Load(CudaLibraries.Compiler, device);
        var units = new KernelUnits(new KernelCompiler(), architecture, options, emulator);
        foreach (string path in KernelFiles.All(options.KernelFolder))
        {
            foreach (var dtype in DTypes)
            {
                var unit = units.Prepare(new KernelKey(Path.GetFileNameWithoutExtension(path), ""), dtype, 0, 0, macros: false);
                var image = units.Get(unit, out bool cached);
                yield return new BuiltKernel(Path.GetFileNameWithoutExtension(path), dtype, image.Image.Length, cached);
            }
        }
    }
}

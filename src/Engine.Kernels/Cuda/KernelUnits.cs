using Engine.Tensors;

namespace Engine.Kernels;

/// <summary>One file with one set of options: what is compiled and cached as a whole.</summary>
/// <param name="Source">the file and its headers</param>
/// <param name="Target">architecture and options</param>
/// <param name="Key">name of its entry in the cache</param>
/// <param name="Fault">what kind of error it is if it does not compile</param>
internal sealed record KernelUnit(KernelSource Source, CompileTarget Target, string Key, ErrorKind Fault);

/// <summary>Compiles units, or takes them from the cache.</summary>
internal sealed class KernelUnits(KernelCompiler compiler, string architecture, CudaOptions options, string emulator)
{
    private readonly string _folder = options.KernelFolder ?? KernelFiles.Folder;
    private readonly KernelCache _cache = new(options.CacheFolder ?? KernelCache.DefaultFolder);

    /// <summary>Reads the source and works out options and key.</summary>
    /// <param name="kernel">which</param>
    /// <param name="dtype">what `scalar` is</param>
    /// <param name="v0">value of the first macro</param>
    /// <param name="v1">value of the second macro</param>
    /// <param name="macros">false: the macros keep the file's own defaults</param>
    public KernelUnit Prepare(KernelKey kernel, DType dtype, int v0, int v1, bool macros = true)
    {
        var source = KernelSource.Load(kernel.IsUsers ? kernel.File : Path.Combine(_folder, kernel.File + ".cu"), _folder);
        var list = new List<string>
        {
            compiler.ArchitectureOption(architecture), "-std=c++17", "-lineinfo", $"-DDTYPE_{dtype.Label().ToUpperInvariant()}",
        };
        if (macros)
        {
            AddMacro(list, kernel.Macro0, v0);
            AddMacro(list, kernel.Macro1, v1);
        }
        list.AddRange(options.CompilerOptions);
        var target = new CompileTarget(architecture, list, kernel.IsUsers ? kernel.Name : null);
        string compilerName = emulator.Length > 0 ? emulator : $"nvrtc {compiler.Major}.{compiler.Minor}";
        return new KernelUnit(source, target, KernelCache.KeyOf(source, target, compilerName), kernel.Fault);
    }

    /// <summary>From the cache, else compiled.</summary>
    public CompiledImage Get(KernelUnit unit, out bool cached)
    {
        var image = _cache.TryRead(unit.Key);
        cached = image is not null;
        return image ?? Compile(unit);
    }

    /// <summary>Compiled anew, and kept.</summary>
    public CompiledImage Compile(KernelUnit unit)
    {
        var image = compiler.Compile(unit.Source, unit.Target, unit.Fault);
        _cache.Write(unit.Key, image);
        return image;
    }

    private static void AddMacro(List<string> options, string? macro, int value)
    {
        if (macro is not null)
        {
            options.Add($"-D{macro}={value}");
        }
    }
}

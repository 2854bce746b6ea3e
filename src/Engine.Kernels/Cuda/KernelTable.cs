using System.Text;
using Engine.Tensors;

namespace Engine.Kernels;

/// <summary>A kernel that can be launched.</summary>
internal sealed class LoadedKernel(CudaModule module, nint function, KernelResources resources, KernelParameter[]? parameters)
{
    /// <summary>The driver's handle; valid while this object lives.</summary>
    public nint Function { get; } = function;

    /// <summary>Registers, shared memory and limits.</summary>
    public KernelResources Resources { get; } = resources;

    /// <summary>What the source declares; null where it could not be read (a name made by a macro).</summary>
    public KernelParameter[]? Parameters { get; } = parameters;

    /// <summary>Dynamic shared memory that the driver was told to allow.</summary>
    public int AllowedShared { get; set; }

    /// <summary>Keeps the code loaded.</summary>
    public CudaModule Module { get; } = module;
}

/// <summary>The kernels of one device: compiled on first use, found again without allocation.</summary>
internal sealed unsafe class KernelTable(CudaContext context, string device, string architecture, CudaOptions options, string emulator)
{
    private readonly record struct Lookup(KernelKey Kernel, DType DType, int V0, int V1);

    private readonly Dictionary<Lookup, LoadedKernel> _kernels = [];
    private readonly Dictionary<string, (CudaModule Module, KernelSource Source, string Lowered)> _modules = [];
    private readonly KernelCache _cache = new(options.CacheFolder ?? KernelCache.DefaultFolder);
    private readonly string _folder = options.KernelFolder ?? KernelFiles.Folder;
    private KernelCompiler? _compiler;

    /// <summary>Files compiled since the device was opened; what the cache had is not counted.</summary>
    public long Compiled => _compiler?.Compiled ?? 0;

    /// <summary>The kernel, compiled and loaded.</summary>
    public LoadedKernel Get(KernelKey kernel, DType dtype, int v0, int v1)
    {
        var lookup = new Lookup(kernel, dtype, v0, v1);
        return _kernels.TryGetValue(lookup, out var found) ? found : Add(lookup);
    }

    private LoadedKernel Add(Lookup lookup)
    {
        var kernel = lookup.Kernel;
        context.MakeCurrent();
        var (module, source, lowered) = ModuleOf(lookup);
        nint function = 0;
        fixed (byte* name = Encoding.UTF8.GetBytes((lowered.Length > 0 ? lowered : kernel.Name) + "\0"))
        {
            var status = CudaDriver.cuModuleGetFunction(&function, module.Value, name);
            if (status == CUresult.CUDA_ERROR_NOT_FOUND)
            {
                throw new DwarfException(kernel.Fault, $"{source.Path}: has no kernel {kernel.Name} (extern \"C\" __global__ void {kernel.Name}(…))");
            }
            CudaErrors.Check(status, device, $"finding kernel {kernel.Name}");
        }
        var parameters = KernelSignature.Find(source.Text, kernel.Name);
        return _kernels[lookup] = new LoadedKernel(module, function, KernelResources.Read(function, $"{kernel.Name} on {device}"), parameters);
    }

    private (CudaModule Module, KernelSource Source, string Lowered) ModuleOf(Lookup lookup)
    {
        var kernel = lookup.Kernel;
        string id = $"{kernel.File}|{(kernel.IsUsers ? kernel.Name : "")}|{lookup.DType}|{kernel.Macro0}={lookup.V0}|{kernel.Macro1}={lookup.V1}";
        if (_modules.TryGetValue(id, out var known))
        {
            return known;
        }
        var source = KernelSource.Load(kernel.IsUsers ? kernel.File : Path.Combine(_folder, kernel.File + ".cu"), _folder);
        _compiler ??= new KernelCompiler();
        var compileOptions = new List<string>
        {
            _compiler.ArchitectureOption(architecture), "-std=c++17", "-lineinfo", $"-DDTYPE_{lookup.DType.Label().ToUpperInvariant()}",
        };
        AddMacro(compileOptions, kernel.Macro0, lookup.V0);
        AddMacro(compileOptions, kernel.Macro1, lookup.V1);
        compileOptions.AddRange(options.CompilerOptions);
        var target = new CompileTarget(architecture, compileOptions, kernel.IsUsers ? kernel.Name : null);
        string key = KernelCache.KeyOf(source, target, emulator.Length > 0 ? emulator : $"nvrtc {_compiler.Major}.{_compiler.Minor}");

        // An entry that the driver does not take is as good as damaged: compile again, once.
        var image = _cache.TryRead(key);
        var module = image is { } cached ? CudaModule.TryLoad(context, cached.Image, out _) : null;
        if (module is null)
        {
            image = _compiler.Compile(source, target, kernel.Fault);
            _cache.Write(key, image.Value);
            module = CudaModule.TryLoad(context, image.Value.Image, out var status)
                ?? throw CudaErrors.Of(status, $"loading {source.Path} on {device}", $"{image.Value.Image.Length} bytes for {architecture}");
        }
        return _modules[id] = (module, source, image!.Value.LoweredName);
    }

    private static void AddMacro(List<string> options, string? macro, int value)
    {
        if (macro is not null)
        {
            options.Add($"-D{macro}={value}");
        }
    }

    /// <summary>Unloads all.</summary>
    public void Dispose()
    {
        foreach (var (module, _, _) in _modules.Values)
        {
            module.Dispose();
        }
        _modules.Clear();
        _kernels.Clear();
    }
}

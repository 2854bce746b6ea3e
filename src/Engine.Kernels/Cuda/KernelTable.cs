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
    private KernelCompiler? _compiler;
    private KernelUnits? _units;

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
                throw new DwarfException(kernel.Fault,
                    $"{source.Path}: has no kernel {kernel.Name} (extern \"C\" __global__ void {kernel.Name}(…))");
            }
            CudaErrors.Check(status, device, $"finding kernel {kernel.Name}");
        }
        var parameters = KernelSignature.Find(source.Text, kernel.Name);
        return _kernels[lookup] = new LoadedKernel(module, function, KernelResources.Read(function, $"{kernel.Name} on {device}"),
            parameters);
    }

    private (CudaModule Module, KernelSource Source, string Lowered) ModuleOf(Lookup lookup)
    {
        var kernel = lookup.Kernel;
        string name = kernel.IsUsers ? kernel.Name : "";
        string id = $"{kernel.File}|{name}|{lookup.DType}|{kernel.Macro0}={lookup.V0}|{kernel.Macro1}={lookup.V1}";
        if (_modules.TryGetValue(id, out var known))
        {
            return known;
        }
        _units ??= new KernelUnits(_compiler = new KernelCompiler(), architecture, options, emulator);
        var unit = _units.Prepare(kernel, lookup.DType, lookup.V0, lookup.V1);
        var image = _units.Get(unit, out bool cached);
        var module = CudaModule.TryLoad(context, image.Image, out var status);
        if (module is null && cached)
        {
            // An entry that the driver does not take is as good as damaged: compile again, once.
            image = _units.Compile(unit);
            module = CudaModule.TryLoad(context, image.Image, out status);
        }
        if (module is null)
        {
            throw CudaErrors.Of(status, $"loading {unit.Source.Path} on {device}", $"{image.Image.Length} bytes for {architecture}");
        }
        return _modules[id] = (module, unit.Source, image.LoweredName);
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

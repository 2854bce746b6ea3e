using System.Globalization;
using Engine.Tensors;

namespace Engine.Kernels;

/// <summary>A CUDA device, real or emulated: kernels, memory, one stream for compute and one for copies.</summary>
/// <remarks>
/// All work is queued on the compute stream and runs in order, so memory may be used again as soon as the work that reads it is queued.
/// Used by one thread at a time. In the steady state nothing here allocates, waits or reads back, but where a method says so.
/// </remarks>
public sealed unsafe partial class CudaDevice : Device
{
    /// <summary>Drivers of an earlier CUDA than this are refused.</summary>
    internal const int OldestDriver = 12;

    private readonly CudaContext _context;
    private readonly CudaStream _compute;
    private readonly KernelTable _kernels;
    private readonly List<IDisposable> _owned = [];
    private readonly bool _emulated;
    private string _last = "opening the device";

    private CudaDevice(string name, int ordinal, CudaOptions options, string emulator)
    {
        Name = name;
        _emulated = emulator.Length > 0;
        string label = emulator.Length > 0 ? name : $"cuda:{ordinal}";
        Properties = DeviceProperties.Read(ordinal, label);
        FullName = $"{label} ({Properties.Architecture})";
        _context = new CudaContext(ordinal, FullName);
        _compute = Own(new CudaStream(_context, FullName));
        _copies = Own(new CudaStream(_context, FullName));
        _copied = Own(new CudaEvent(_context, FullName));
        _staging = Own(new StagingRing(_context, FullName));
        _kernels = new KernelTable(_context, FullName, Properties.Architecture, options, emulator);
        Memory = new DeviceMemory(this, _context);
    }

    /// <inheritdoc/>
    public override string Name { get; }

    /// <summary>As messages name it: cuda:0 (sm_90), emulated (sm_90).</summary>
    public string FullName { get; }

    /// <summary>What the device is and what launches may ask for.</summary>
    public DeviceProperties Properties { get; }

    /// <summary>Its memory.</summary>
    public override MemorySpace Memory { get; }

    /// <summary>Kernel files compiled since the device was opened; what the cache on disk had is not counted.</summary>
    public long Compiled => _kernels.Compiled;

    /// <summary>Where all work is queued, for libraries that take a stream.</summary>
    internal nint ComputeStream => _compute.Value;

    /// <summary>The context in which libraries make their handles.</summary>
    internal CudaContext Context => _context;

    /// <summary>Opens a device.</summary>
    /// <param name="name">cuda, cuda:1 or emulated</param>
    /// <param name="threads">threads of the emulator; 0 = all cores</param>
    /// <returns>the device</returns>
    /// <exception cref="DwarfException">not available: the message says what is missing</exception>
    public static CudaDevice Open(string name, int threads = 0) => Open(name, new CudaOptions { Threads = threads });

    /// <summary>Opens a device with kernels or a cache of one's own.</summary>
    /// <param name="name">cuda, cuda:1 or emulated</param>
    /// <param name="options">folders and compiler options</param>
    /// <returns>the device</returns>
    /// <exception cref="DwarfException">not available: the message says what is missing</exception>
    public static CudaDevice Open(string name, CudaOptions options)
    {
        int ordinal = 0;
        bool emulated = name == "emulated";
        if (!emulated && name != "cuda"
            && !(name.StartsWith("cuda:", StringComparison.Ordinal)
                && int.TryParse(name[5..], NumberStyles.None, CultureInfo.InvariantCulture, out ordinal)))
        {
            throw new DwarfException(ErrorKind.Usage, $"device: expected cuda, cuda:N or emulated, found '{name}'");
        }
        string emulator = emulated ? EmulatorLibrary.Bind(options) : "";
        if (!emulated)
        {
            CudaLibraries.BindCuda(name);
        }
        return new CudaDevice(name, OpenDriver(name, ordinal), options, emulator);
    }

    /// <summary>
    /// Compiles and loads a kernel before its first launch, where that launch would come at a bad time (inside a capture).
    /// </summary>
    /// <param name="kernel">which</param>
    /// <param name="dtype">what `scalar` is</param>
    /// <param name="v0">value of the key's first macro</param>
    /// <param name="v1">value of the key's second macro</param>
    /// <returns>what the kernel takes of the device</returns>
    /// <exception cref="DwarfException">the kernel does not compile</exception>
    public KernelResources Warm(KernelKey kernel, DType dtype, int v0 = 0, int v1 = 0) => _kernels.Get(kernel, dtype, v0, v1).Resources;

    /// <summary>Frees what the device holds. Tensors on it stay valid until they go themselves.</summary>
    public override void Dispose()
    {
        for (int i = _owned.Count - 1; i >= 0; i--)
        {
            _owned[i].Dispose();
        }
        _owned.Clear();
        _kernels.Dispose();
        _context.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Disposes something together with the device, before its streams.</summary>
    internal T Own<T>(T disposable)
        where T : IDisposable
    {
        _owned.Add(disposable);
        return disposable;
    }

    /// <summary>Throws unless a call went well; work queued earlier may be what failed, so it is named.</summary>
    internal void Check(CUresult status, string what)
    {
        if (status != CUresult.CUDA_SUCCESS)
        {
            throw CudaErrors.Of(status, $"{what} on {FullName}", Detail(status));
        }
    }

    /// <summary>
    /// What else is known of an error: on the emulator all, else the last kernel launched, where a kernel may be what failed.
    /// </summary>
    private string Detail(CUresult status)
    {
        bool late = status is >= CUresult.CUDA_ERROR_ILLEGAL_ADDRESS and < CUresult.CUDA_ERROR_SYSTEM_DRIVER_MISMATCH;
        if (_emulated)
        {
            return late && Emulator.Fault is { } fault
                ? $"{fault.Kernel}: {fault.Message}"
                    + (fault.Line > 0 ? $" ({fault.File}:{fault.Line}, block {fault.Block}, thread {fault.Thread})" : "")
                : Emulator.Why;
        }
        return late ? $"the last kernel launched was {_last}" : "";
    }

    internal static string TooOld(int version)
        => $"the driver is of CUDA {version / 1000}.{version % 1000 / 10}, {OldestDriver}.0 or later is needed";

    private static int OpenDriver(string name, int ordinal)
    {
        CudaErrors.Check(CudaDriver.cuInit(0), name, "starting the driver");
        int version = 0, count = 0, device = 0;
        CudaErrors.Check(CudaDriver.cuDriverGetVersion(&version), name, "reading the driver's version");
        if (version < OldestDriver * 1000)
        {
            throw new DwarfException(ErrorKind.Unavailable,
                $"device {name} is not available: {TooOld(version)}");
        }
        CudaErrors.Check(CudaDriver.cuDeviceGetCount(&count), name, "counting the devices");
        if (ordinal >= count)
        {
            throw new DwarfException(ErrorKind.Unavailable,
                $"device {name} is not available: the driver sees {count} device{(count == 1 ? "" : "s")}");
        }
        // What is missing is said now, not at the first launch.
        CudaLibraries.LimitTo(version / 1000);
        CudaLibraries.Load(CudaLibraries.Compiler, name);
        CudaLibraries.Load(CudaLibraries.Blas, name);
        CudaErrors.Check(CudaDriver.cuDeviceGet(&device, ordinal), name, "opening the device");
        return device;
    }
}

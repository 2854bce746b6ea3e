using System.Reflection;
using System.Runtime.InteropServices;
using Engine.Tensors;

namespace Engine.Kernels;

/// <summary>
/// Maps the bindings' library names to files: NVIDIA's for cuda, one library of ours for emulated. One process binds one of the two.
/// </summary>
public static class CudaLibraries
{
    internal const string Driver = "cuda";
    internal const string Compiler = "nvrtc";
    internal const string Blas = "cublas";
    internal const string BlasLight = "cublasLt";
    internal const string Tools = "nvtx";

    /// <summary>The emulator's own entry points.</summary>
    internal const string Emulator = "dwarf-emulator";

    private static readonly Lock s_lock = new();
    private static readonly Dictionary<string, nint> s_loaded = [];
    private static string? s_emulator;
    private static bool s_cuda;
    private static int s_newest = int.MaxValue;

    static CudaLibraries() => NativeLibrary.SetDllImportResolver(typeof(CudaLibraries).Assembly, Resolve);

    /// <summary>The finder over this machine's file system and environment.</summary>
    public static LibraryFinder Finder { get; } = new(
        Environment.GetEnvironmentVariable, static path => NativeLibrary.TryLoad(path, out _), windows: OperatingSystem.IsWindows());

    /// <summary>Makes NVIDIA's libraries those of this process.</summary>
    /// <param name="device">as the user names it, for messages</param>
    /// <exception cref="DwarfException">the emulator is bound already, or the driver is not there (unavailable)</exception>
    internal static void BindCuda(string device)
    {
        lock (s_lock)
        {
            if (s_emulator is not null)
            {
                throw new DwarfException(ErrorKind.Unavailable,
                    $"device {device} is not available: this process runs on emulated already; one process uses one of the two");
            }
            Load(Driver, device);
            s_cuda = true;
        }
    }

    /// <summary>Makes the emulator all libraries of this process.</summary>
    /// <param name="path">the built library</param>
    /// <exception cref="DwarfException">NVIDIA's driver is bound already (unavailable)</exception>
    internal static void BindEmulator(string path)
    {
        lock (s_lock)
        {
            if (s_cuda)
            {
                throw new DwarfException(ErrorKind.Unavailable,
                    "device emulated is not available: this process runs on cuda already; one process uses one of the two");
            }
            if (s_emulator is not null && s_emulator != path)
            {
                throw new DwarfException(ErrorKind.Unavailable,
                    "device emulated is not available: this process has loaded another build of the emulator already");
            }
            s_emulator = path;
        }
    }

    /// <summary>Leaves libraries of a later CUDA than the driver's aside.</summary>
    /// <param name="major">12, 13 …</param>
    internal static void LimitTo(int major) => s_newest = major;

    /// <summary>Loads a library before its first call, so that its absence is an error line rather than a loader's exception.</summary>
    /// <param name="library">logical name</param>
    /// <param name="device">as the user names it, for messages</param>
    /// <returns>its handle</returns>
    /// <exception cref="DwarfException">not found (unavailable)</exception>
    internal static nint Load(string library, string device = "cuda")
    {
        lock (s_lock)
        {
            return TryLoad(library, out var search) is var handle && handle != 0
                ? handle
                : throw new DwarfException(ErrorKind.Unavailable, $"device {device} is not available: {search!.Missing}");
        }
    }

    /// <summary>Whether a library is there and has an entry point.</summary>
    internal static bool Exports(string library, string entryPoint)
    {
        lock (s_lock)
        {
            return TryLoad(library, out _) is var handle && handle != 0 && NativeLibrary.TryGetExport(handle, entryPoint, out _);
        }
    }

    private static nint Resolve(string library, Assembly assembly, DllImportSearchPath? searchPath)
        => library is Driver or Compiler or Blas or BlasLight or Tools or Emulator ? Load(library) : 0;

    private static nint TryLoad(string library, out LibrarySearch? search)
    {
        search = null;
        string name = s_emulator is null ? library : Emulator;
        if (s_loaded.TryGetValue(name, out nint handle))
        {
            return handle;
        }
        if (s_emulator is not null)
        {
            if (!NativeLibrary.TryLoad(s_emulator, out handle))
            {
                throw new DwarfException(ErrorKind.Unavailable, $"device emulated is not available: {s_emulator} cannot be loaded");
            }
        }
        else
        {
            search = library == Emulator ? new LibrarySearch(library, null, []) : Finder.Find(library, s_newest);
            if (search.Found is not { } path)
            {
                return 0;
            }
            LoadNeighbours(library, path);
            handle = NativeLibrary.Load(path);
        }
        s_loaded[name] = handle;
        return handle;
    }

    /// <summary>
    /// What a library opens by itself lies beside it, where the loader does not look: once loaded, the name alone finds it.
    /// </summary>
    private static void LoadNeighbours(string library, string path)
    {
        string pattern = library == Compiler ? "*nvrtc-builtins*" : library == Blas ? "*cublasLt*" : "";
        string? folder = Path.GetDirectoryName(path);
        if (pattern.Length > 0 && !string.IsNullOrEmpty(folder))
        {
            foreach (string file in Directory.GetFiles(folder, pattern).Order(StringComparer.Ordinal))
            {
                if (!file.Contains(".alt.", StringComparison.Ordinal))
                {
                    NativeLibrary.TryLoad(file, out _);
                }
            }
        }
    }
}

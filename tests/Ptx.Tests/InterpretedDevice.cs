using System.Diagnostics;
using System.Runtime.InteropServices;
using Engine.Kernels;
using Engine.Tensors;
using Ptx.Tests.Interpreter;
using Xunit;

[assembly: AssemblyFixture(typeof(Ptx.Tests.InterpretedDevice))]

namespace Ptx.Tests;

/// <summary>
/// A CudaDevice whose driver is Driver/*.cpp: the product's own launches, with their grids, arguments and macros, run in the interpreter.
/// </summary>
public sealed unsafe class InterpretedDevice : IDisposable
{
    private const int LaunchFailed = 719;

    private static readonly Lock s_lock = new();
    private static readonly GlobalMemory s_memory = new();
    private static readonly HashSet<(string Kernel, string Dtype)> s_launched = [];
    private static PtxException? s_fault;
    private static bool s_descending;
    private readonly string _folder;

    public InterpretedDevice()
    {
        _folder = Directory.CreateTempSubdirectory("ptx-driver-").FullName;
        string driver = Path.Combine(_folder, "libcuda.so.1");
        string[] sources = ["tests/Ptx.Tests/Driver/driver.cpp", "tests/Ptx.Tests/Driver/cublas.cpp"];
        string[] flags = ["-std=c++17", "-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-o", driver];
        using (var compiler = Process.Start(new ProcessStartInfo("g++", [.. flags, .. sources]) { WorkingDirectory = Clang.Root })!)
        {
            compiler.WaitForExit();
            if (compiler.ExitCode != 0) throw new InvalidOperationException("g++ cannot build the driver");
        }
        Directory.CreateDirectory(Path.Combine(_folder, "lib64"));
        foreach (string library in new[] { "libnvrtc.so.12", "libcublas.so.12", "libcublasLt.so.12" })
        {
            File.CreateSymbolicLink(Path.Combine(_folder, "lib64", library), driver);
        }
        Environment.SetEnvironmentVariable("LD_LIBRARY_PATH", _folder);
        Environment.SetEnvironmentVariable("CUDA_PATH", _folder);
        var connect = (delegate* unmanaged<delegate* unmanaged<byte*, byte*, uint*, int, void**, int>,
            delegate* unmanaged<ulong, ulong, void>, void>)
            NativeLibrary.GetExport(NativeLibrary.Load(driver), "ptx_connect");
        connect(&Launch, &Allocated);
        Gpu = CudaDevice.Open("cuda",
            new CudaOptions { KernelFolder = Path.Combine(Clang.Root, "kernels"), CacheFolder = Path.Combine(_folder, "cache") });
    }

    public CudaDevice Gpu { get; }

    public CpuDevice Cpu { get; } = new(1);

    /// <summary>The kernels that ran so far, with their dtype as in F32.</summary>
    public IReadOnlySet<(string Kernel, string Dtype)> Launched => s_launched;

    /// <summary>Runs work on the device; a fault of the interpreter is thrown as it is. `descending` turns the order of blocks and warps
    /// around.</summary>
    public T Run<T>(Func<T> work, bool descending = false)
    {
        lock (s_lock)
        {
            (s_fault, s_descending) = (null, descending);
            try
            {
                T result = work();
                return s_fault == null ? result : throw s_fault;
            }
            catch (DwarfException) when (s_fault != null)
            {
                throw s_fault;
            }
        }
    }

    public void Dispose()
    {
        Gpu.Dispose();
        Cpu.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    // The image is what NVRTC was asked for: the file, then its options, line by line.
    [UnmanagedCallersOnly]
    private static int Launch(byte* image, byte* kernel, uint* sizes, int shared, void** arguments)
    {
        string[] lines = Marshal.PtrToStringUTF8((nint)image)!.Split('\n');
        string name = Marshal.PtrToStringUTF8((nint)kernel)!;
        try
        {
            string dtype = lines.First(static l => l.StartsWith("-DDTYPE_", StringComparison.Ordinal))[8..];
            string[] macros = [.. lines.Where(static l => l.StartsWith("-D", StringComparison.Ordinal)
                && !l.StartsWith("-DDTYPE_", StringComparison.Ordinal))];
            string architecture = lines.First(static l => l.StartsWith("--gpu-architecture=", StringComparison.Ordinal))[19..];
            Module module = PtxModules.Of(Path.GetRelativePath(Clang.Root, lines[0]), dtype, architecture, macros);
            ulong[] values = new ulong[module.Entries.TryGetValue(name, out Entry? entry) ? entry.Parameters.Count : 0];
            for (int k = 0; k < values.Length; k++) values[k] = *(ulong*)arguments[k];
            lock (s_memory)
            {
                Launcher.Launch(module, name, new Size3(sizes[0], sizes[1], sizes[2]), new Size3(sizes[3], sizes[4], sizes[5]), shared,
                    values, s_memory, s_descending);
            }
            s_launched.Add((name, dtype));
            return 0;
        }
        catch (Exception error)
        {
            s_fault ??= error as PtxException ?? new PtxException($"{name}: {error}");
            return LaunchFailed;
        }
    }

    [UnmanagedCallersOnly]
    private static void Allocated(ulong address, ulong bytes)
    {
        lock (s_memory)
        {
            if (bytes == 0) s_memory.Unmap(address);
            else s_memory.Map("device memory", address, (byte*)address, (long)bytes);
        }
    }
}

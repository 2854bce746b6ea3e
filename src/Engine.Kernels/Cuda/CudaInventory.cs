using System.Runtime.InteropServices;

namespace Engine.Kernels;

/// <summary>What of CUDA this machine has, without making it this process's driver: for `dwarf devices`.</summary>
/// <param name="Libraries">driver, compiler, products and profiling names: found or not, and where they were looked for</param>
/// <param name="DriverVersion">the CUDA version of the driver, as in 12.4; null without one</param>
/// <param name="Devices">names of the devices that the driver sees</param>
/// <param name="Missing">what keeps the device from working, in one line; null: nothing</param>
public sealed record CudaInventory(IReadOnlyList<LibrarySearch> Libraries, string? DriverVersion, IReadOnlyList<string> Devices,
    string? Missing)
{
    /// <summary>Looks around.</summary>
    /// <param name="finder">where to look</param>
    /// <returns>what is there</returns>
    public static CudaInventory Look(LibraryFinder finder)
    {
        var driver = finder.Find(CudaLibraries.Driver);
        var (version, devices, fault) = driver.Found is { } path ? Ask(path) : (0, [], null);
        int newest = version > 0 ? version / 1000 : int.MaxValue;
        LibrarySearch[] libraries = [driver, .. new[] { CudaLibraries.Compiler, CudaLibraries.Blas, CudaLibraries.BlasLight,
            CudaLibraries.Tools }
            .Select(library => finder.Find(library, newest))];
        string? missing = driver.Found is null ? driver.Missing
            : fault is not null ? fault
            : version < CudaDevice.OldestDriver * 1000 ? CudaDevice.TooOld(version)
            : devices.Count == 0 ? "the driver sees no device"
            : libraries.FirstOrDefault(each => each.Found is null && each.Library != CudaLibraries.Tools)?.Missing;
        return new CudaInventory(libraries, version > 0 ? $"{version / 1000}.{version % 1000 / 10}" : null, devices, missing);
    }

    // By address instead of the bindings, which would fix this process to the driver.
    private static unsafe (int Version, IReadOnlyList<string> Devices, string? Fault) Ask(string path)
    {
        if (!NativeLibrary.TryLoad(path, out nint library)
            || !NativeLibrary.TryGetExport(library, "cuInit", out nint init)
            || !NativeLibrary.TryGetExport(library, "cuDriverGetVersion", out nint getVersion)
            || !NativeLibrary.TryGetExport(library, "cuDeviceGetCount", out nint getCount)
            || !NativeLibrary.TryGetExport(library, "cuDeviceGetName", out nint getName))
        {
            return (0, [], $"{path} is not NVIDIA's driver");
        }
        int version = 0, count = 0;
        _ = ((delegate* unmanaged<int*, int>)getVersion)(&version);
        int status = ((delegate* unmanaged<uint, int>)init)(0);
        if (status != 0)
        {
            return (version, [], status == (int)CUresult.CUDA_ERROR_NO_DEVICE ? "the driver sees no device"
                : $"the driver does not start (CUDA error {status})");
        }
        _ = ((delegate* unmanaged<int*, int>)getCount)(&count);
        var devices = new List<string>();
        byte* name = stackalloc byte[256];
        for (int i = 0; i < count; i++)
        {
            devices.Add(((delegate* unmanaged<byte*, int, int, int>)getName)(name, 256, i) == 0 ? Marshal.PtrToStringUTF8((nint)name)!
                : $"device {i}");
        }
        return (version, devices, null);
    }
}

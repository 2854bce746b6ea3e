using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Engine.Kernels;
using Engine.Tensors;

namespace Dwarf.Cli;

/// <summary>A back end, as `devices` shows it.</summary>
/// <param name="Name">cpu, cuda or emulated</param>
/// <param name="Available">whether work can run on it</param>
/// <param name="Missing">what it lacks; null where it lacks nothing</param>
public sealed record BackEnd(string Name, bool Available, string? Missing)
{
    /// <summary>Every back end of the contract, there or not.</summary>
    public static IReadOnlyList<BackEnd> All()
    {
        CudaInventory cuda = CudaInventory.Look(CudaLibraries.Finder);
        string? emulator = EmulatorLibrary.Missing();
        return
        [
            new("cpu", true, null)
            {
                Cores = Environment.ProcessorCount,
                SimdBits = Vector512.IsHardwareAccelerated ? 512
                    : Vector256.IsHardwareAccelerated ? 256 : Vector128.IsHardwareAccelerated ? 128 : 64,
                MemoryBytes = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes,
                Architecture = RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant(),
            },
            new("cuda", cuda.Missing is null, cuda.Missing)
            {
                Driver = cuda.DriverVersion,
                Devices = cuda.Devices,
                Libraries = cuda.Libraries,
            },
            new("emulated", emulator is null, emulator),
        ];
    }

    /// <summary>Cores that this process may use.</summary>
    public int? Cores { get; private init; }

    /// <summary>Bits of the widest vector instructions.</summary>
    public int? SimdBits { get; private init; }

    /// <summary>Memory that this process may use.</summary>
    public long? MemoryBytes { get; private init; }

    /// <summary>x64, arm64 …</summary>
    public string? Architecture { get; private init; }

    /// <summary>The CUDA version of NVIDIA's driver.</summary>
    public string? Driver { get; private init; }

    /// <summary>The devices that NVIDIA's driver sees.</summary>
    public IReadOnlyList<string>? Devices { get; private init; }

    /// <summary>NVIDIA's libraries: found, or where they were looked for.</summary>
    public IReadOnlyList<LibrarySearch>? Libraries { get; private init; }

    /// <summary>Opens what --device names.</summary>
    /// <exception cref="DwarfException">no such device (usage), or device or dtype that is not there (unavailable)</exception>
    public static Device Open(string device, int threads = 0, DType dtype = DType.F32)
    {
        string name = device.Split(':')[0];
        if (name is not ("cpu" or "cuda" or "emulated") || (device != name && name != "cuda"))
        {
            throw new DwarfException(ErrorKind.Usage, $"--device: expected cpu, cuda, cuda:N or emulated, found '{device}'");
        }
        if (name != "cpu")
        {
            return CudaDevice.Open(device, threads);
        }
        return dtype != DType.BF16
            ? new CpuDevice(threads)
            : throw new DwarfException(ErrorKind.Unavailable, $"dtype bf16 is not available on {device}; use f32 or f64");
    }
}

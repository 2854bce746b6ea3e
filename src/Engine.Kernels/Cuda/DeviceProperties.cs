using System.Text;

namespace Engine.Kernels;

/// <summary>What a device is and what a launch on it may ask for.</summary>
public sealed unsafe record DeviceProperties
{
    /// <summary>The vendor's name.</summary>
    public required string Model { get; init; }

    /// <summary>As in sm_90.</summary>
    public required string Architecture { get; init; }

    /// <summary>Bytes of memory.</summary>
    public required long MemoryBytes { get; init; }

    /// <summary>Streaming multiprocessors.</summary>
    public required int Multiprocessors { get; init; }

    /// <summary>Threads of a block, at most.</summary>
    public required int BlockThreads { get; init; }

    /// <summary>A block's sizes, at most.</summary>
    public required Dim3 Block { get; init; }

    /// <summary>A grid's sizes, at most.</summary>
    public required Dim3 Grid { get; init; }

    /// <summary>Shared memory of a block in bytes that needs no asking.</summary>
    public required int SharedBytes { get; init; }

    /// <summary>Shared memory of a block in bytes, at most, for a kernel that asks.</summary>
    public required int SharedBytesOptIn { get; init; }

    /// <summary>Threads that one multiprocessor holds.</summary>
    public required int MultiprocessorThreads { get; init; }

    /// <summary>Registers of one multiprocessor.</summary>
    public required int MultiprocessorRegisters { get; init; }

    /// <summary>Shared memory of one multiprocessor in bytes.</summary>
    public required int MultiprocessorSharedBytes { get; init; }

    internal static DeviceProperties Read(int device, string name)
    {
        int Get(CUdeviceAttribute attribute)
        {
            int value = 0;
            CudaErrors.Check(CudaDriver.cuDeviceGetAttribute(&value, attribute, device), name, $"reading attribute {attribute}");
            return value;
        }
        byte* text = stackalloc byte[256];
        nuint memory = 0;
        CudaErrors.Check(CudaDriver.cuDeviceGetName(text, 256, device), name, "reading the device's name");
        CudaErrors.Check(CudaDriver.cuDeviceTotalMem_v2(&memory, device), name, "reading the memory's size");
        return new DeviceProperties
        {
            Model = Encoding.UTF8.GetString(System.Runtime.InteropServices.MemoryMarshal.CreateReadOnlySpanFromNullTerminated(text)),
            Architecture = $"sm_{Get(CUdeviceAttribute.COMPUTE_CAPABILITY_MAJOR)}{Get(CUdeviceAttribute.COMPUTE_CAPABILITY_MINOR)}",
            MemoryBytes = (long)memory,
            Multiprocessors = Get(CUdeviceAttribute.MULTIPROCESSOR_COUNT),
            BlockThreads = Get(CUdeviceAttribute.MAX_THREADS_PER_BLOCK),
            Block = new Dim3((uint)Get(CUdeviceAttribute.MAX_BLOCK_DIM_X), (uint)Get(CUdeviceAttribute.MAX_BLOCK_DIM_Y),
                (uint)Get(CUdeviceAttribute.MAX_BLOCK_DIM_Z)),
            Grid = new Dim3((uint)Get(CUdeviceAttribute.MAX_GRID_DIM_X), (uint)Get(CUdeviceAttribute.MAX_GRID_DIM_Y),
                (uint)Get(CUdeviceAttribute.MAX_GRID_DIM_Z)),
            SharedBytes = Get(CUdeviceAttribute.MAX_SHARED_MEMORY_PER_BLOCK),
            SharedBytesOptIn = Get(CUdeviceAttribute.MAX_SHARED_MEMORY_PER_BLOCK_OPTIN),
            MultiprocessorThreads = Get(CUdeviceAttribute.MAX_THREADS_PER_MULTIPROCESSOR),
            MultiprocessorRegisters = Get(CUdeviceAttribute.MAX_REGISTERS_PER_MULTIPROCESSOR),
            MultiprocessorSharedBytes = Get(CUdeviceAttribute.MAX_SHARED_MEMORY_PER_MULTIPROCESSOR),
        };
    }
}

using System.Runtime.InteropServices;

namespace Engine.Kernels;

/// <summary>NVIDIA's driver API, by its own names; what is not called is not here. Statuses are checked by the callers.</summary>
/// <remarks>The library is found by <see cref="CudaLibraries"/>. Handles are plain addresses; safe handles own them.</remarks>
internal static unsafe partial class CudaDriver
{
    private const string Library = CudaLibraries.Driver;

    [LibraryImport(Library)]
    public static partial CUresult cuInit(uint flags);

    [LibraryImport(Library)]
    public static partial CUresult cuDriverGetVersion(int* version);

    [LibraryImport(Library)]
    public static partial CUresult cuGetErrorName(CUresult error, byte** text);

    // devices and contexts
    [LibraryImport(Library)]
    public static partial CUresult cuDeviceGetCount(int* count);

    [LibraryImport(Library)]
    public static partial CUresult cuDeviceGet(int* device, int ordinal);

    [LibraryImport(Library)]
    public static partial CUresult cuDeviceGetName(byte* name, int length, int device);

    [LibraryImport(Library)]
    public static partial CUresult cuDeviceGetAttribute(int* value, CUdeviceAttribute attribute, int device);

    [LibraryImport(Library)]
    public static partial CUresult cuDeviceTotalMem_v2(nuint* bytes, int device);

    [LibraryImport(Library)]
    public static partial CUresult cuDevicePrimaryCtxRetain(nint* context, int device);

    [LibraryImport(Library)]
    public static partial CUresult cuDevicePrimaryCtxRelease_v2(int device);

    [LibraryImport(Library)]
    public static partial CUresult cuCtxSetCurrent(nint context);

    [LibraryImport(Library)]
    public static partial CUresult cuCtxSynchronize();

    // modules and kernels
    [LibraryImport(Library)]
    public static partial CUresult cuModuleLoadData(nint* module, void* image);

    [LibraryImport(Library)]
    public static partial CUresult cuModuleUnload(nint module);

    [LibraryImport(Library)]
    public static partial CUresult cuModuleGetFunction(nint* function, nint module, byte* name);

    [LibraryImport(Library)]
    public static partial CUresult cuFuncGetAttribute(int* value, CUfunctionAttribute attribute, nint function);

    [LibraryImport(Library)]
    public static partial CUresult cuFuncSetAttribute(nint function, CUfunctionAttribute attribute, int value);

    [LibraryImport(Library)]
    public static partial CUresult cuLaunchKernel(
        nint function, uint gridX, uint gridY, uint gridZ, uint blockX, uint blockY, uint blockZ, uint sharedBytes, nint stream,
            void** parameters,
        void** extra);

    // memory
    [LibraryImport(Library)]
    public static partial CUresult cuMemAlloc_v2(ulong* address, nuint bytes);

    [LibraryImport(Library)]
    public static partial CUresult cuMemFree_v2(ulong address);

    [LibraryImport(Library)]
    public static partial CUresult cuMemHostAlloc(void** address, nuint bytes, uint flags);

    [LibraryImport(Library)]
    public static partial CUresult cuMemFreeHost(void* address);

    [LibraryImport(Library)]
    public static partial CUresult cuMemGetInfo_v2(nuint* free, nuint* total);

    [LibraryImport(Library)]
    public static partial CUresult cuMemcpyHtoDAsync_v2(ulong destination, void* source, nuint bytes, nint stream);

    [LibraryImport(Library)]
    public static partial CUresult cuMemcpyDtoHAsync_v2(void* destination, ulong source, nuint bytes, nint stream);

    [LibraryImport(Library)]
    public static partial CUresult cuMemcpyDtoDAsync_v2(ulong destination, ulong source, nuint bytes, nint stream);

    [LibraryImport(Library)]
    public static partial CUresult cuMemsetD8Async(ulong address, byte value, nuint bytes, nint stream);

    // streams and events
    [LibraryImport(Library)]
    public static partial CUresult cuStreamCreate(nint* stream, uint flags);

    [LibraryImport(Library)]
    public static partial CUresult cuStreamDestroy_v2(nint stream);

    [LibraryImport(Library)]
    public static partial CUresult cuStreamSynchronize(nint stream);

    [LibraryImport(Library)]
    public static partial CUresult cuStreamWaitEvent(nint stream, nint waitedFor, uint flags);

    [LibraryImport(Library)]
    public static partial CUresult cuEventCreate(nint* created, uint flags);

    [LibraryImport(Library)]
    public static partial CUresult cuEventDestroy_v2(nint destroyed);

    [LibraryImport(Library)]
    public static partial CUresult cuEventRecord(nint recorded, nint stream);

    [LibraryImport(Library)]
    public static partial CUresult cuEventQuery(nint queried);

    [LibraryImport(Library)]
    public static partial CUresult cuEventSynchronize(nint waitedFor);

    [LibraryImport(Library)]
    public static partial CUresult cuEventElapsedTime(float* milliseconds, nint start, nint end);

    // graphs
    [LibraryImport(Library)]
    public static partial CUresult cuStreamBeginCapture_v2(nint stream, CUstreamCaptureMode mode);

    [LibraryImport(Library)]
    public static partial CUresult cuStreamEndCapture(nint stream, nint* graph);

    [LibraryImport(Library)]
    public static partial CUresult cuGraphGetNodes(nint graph, nint* nodes, nuint* count);

    [LibraryImport(Library)]
    public static partial CUresult cuGraphInstantiateWithFlags(nint* executable, nint graph, ulong flags);

    [LibraryImport(Library)]
    public static partial CUresult cuGraphLaunch(nint executable, nint stream);

    [LibraryImport(Library)]
    public static partial CUresult cuGraphExecDestroy(nint executable);

    /// <summary>The result info is CUDA 12's: a status and two nodes.</summary>
    [LibraryImport(Library)]
    public static partial CUresult cuGraphExecUpdate_v2(nint executable, nint graph, CUgraphExecUpdateResultInfo* info);

    [LibraryImport(Library)]
    public static partial CUresult cuGraphDestroy(nint graph);
}

/// <summary>Statuses that this code tells apart; all others go through by number and get their name from the driver.</summary>
internal struct CUgraphExecUpdateResultInfo
{
    public int Result;
    public nint ErrorNode;
    public nint ErrorFromNode;
}

internal enum CUresult
{
    CUDA_SUCCESS = 0,
    CUDA_ERROR_INVALID_VALUE = 1,
    CUDA_ERROR_OUT_OF_MEMORY = 2,
    CUDA_ERROR_STUB_LIBRARY = 34,
    CUDA_ERROR_NO_DEVICE = 100,
    CUDA_ERROR_INVALID_DEVICE = 101,
    CUDA_ERROR_INVALID_IMAGE = 200,
    CUDA_ERROR_NO_BINARY_FOR_GPU = 209,
    CUDA_ERROR_NOT_FOUND = 500,
    CUDA_ERROR_NOT_READY = 600,
    CUDA_ERROR_ILLEGAL_ADDRESS = 700,
    CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES = 701,
    CUDA_ERROR_SYSTEM_DRIVER_MISMATCH = 803,
    CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE = 804,
    CUDA_ERROR_UNKNOWN = 999,
}

/// <summary>Numbers a device has, by the vendor's constants.</summary>
internal enum CUdeviceAttribute
{
    MAX_THREADS_PER_BLOCK = 1,
    MAX_BLOCK_DIM_X = 2,
    MAX_BLOCK_DIM_Y = 3,
    MAX_BLOCK_DIM_Z = 4,
    MAX_GRID_DIM_X = 5,
    MAX_GRID_DIM_Y = 6,
    MAX_GRID_DIM_Z = 7,
    MAX_SHARED_MEMORY_PER_BLOCK = 8,
    CLOCK_RATE = 13,
    MULTIPROCESSOR_COUNT = 16,
    MEMORY_CLOCK_RATE = 36,
    GLOBAL_MEMORY_BUS_WIDTH = 37,
    MAX_THREADS_PER_MULTIPROCESSOR = 39,
    COMPUTE_CAPABILITY_MAJOR = 75,
    COMPUTE_CAPABILITY_MINOR = 76,
    MAX_SHARED_MEMORY_PER_MULTIPROCESSOR = 81,
    MAX_REGISTERS_PER_MULTIPROCESSOR = 82,
    MAX_SHARED_MEMORY_PER_BLOCK_OPTIN = 97,
}

/// <summary>Numbers a compiled kernel has.</summary>
internal enum CUfunctionAttribute
{
    MAX_THREADS_PER_BLOCK = 0,
    SHARED_SIZE_BYTES = 1,
    LOCAL_SIZE_BYTES = 3,
    NUM_REGS = 4,
    MAX_DYNAMIC_SHARED_SIZE_BYTES = 8,
}

/// <summary>Which calls of which threads a capture forbids.</summary>
internal enum CUstreamCaptureMode
{
    GLOBAL = 0,
    THREAD_LOCAL = 1,
    RELAXED = 2,
}

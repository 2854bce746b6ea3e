using System.Runtime.InteropServices;

namespace Engine.Kernels;

/// <summary>NVIDIA's tools extension: names for stretches of time that profilers show. Without the library nothing happens.</summary>
internal static unsafe partial class Nvtx
{
    private const string Library = CudaLibraries.Tools;

    /// <summary>Whether the library is there; looked up at first use.</summary>
    public static bool Present { get; } = CudaLibraries.Exports(Library, nameof(nvtxRangePushA));

    [LibraryImport(Library)]
    public static partial int nvtxRangePushA(byte* name);

    [LibraryImport(Library)]
    public static partial int nvtxRangePop();
}

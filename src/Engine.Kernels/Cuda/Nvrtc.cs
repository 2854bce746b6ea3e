using System.Runtime.InteropServices;

namespace Engine.Kernels;

/// <summary>NVIDIA's run-time compiler, by its own names.</summary>
internal static unsafe partial class Nvrtc
{
    private const string Library = CudaLibraries.Compiler;

    [LibraryImport(Library)]
    public static partial nvrtcResult nvrtcVersion(int* major, int* minor);

    [LibraryImport(Library)]
    public static partial byte* nvrtcGetErrorString(nvrtcResult result);

    [LibraryImport(Library)]
    public static partial nvrtcResult nvrtcGetNumSupportedArchs(int* count);

    [LibraryImport(Library)]
    public static partial nvrtcResult nvrtcGetSupportedArchs(int* architectures);

    [LibraryImport(Library)]
    public static partial nvrtcResult nvrtcCreateProgram(
        nint* program, byte* source, byte* name, int headerCount, byte** headers, byte** includeNames);

    [LibraryImport(Library)]
    public static partial nvrtcResult nvrtcDestroyProgram(nint* program);

    [LibraryImport(Library)]
    public static partial nvrtcResult nvrtcCompileProgram(nint program, int optionCount, byte** options);

    [LibraryImport(Library)]
    public static partial nvrtcResult nvrtcAddNameExpression(nint program, byte* name);

    [LibraryImport(Library)]
    public static partial nvrtcResult nvrtcGetLoweredName(nint program, byte* name, byte** lowered);

    [LibraryImport(Library)]
    public static partial nvrtcResult nvrtcGetProgramLogSize(nint program, nuint* bytes);

    [LibraryImport(Library)]
    public static partial nvrtcResult nvrtcGetProgramLog(nint program, byte* log);

    [LibraryImport(Library)]
    public static partial nvrtcResult nvrtcGetCUBINSize(nint program, nuint* bytes);

    [LibraryImport(Library)]
    public static partial nvrtcResult nvrtcGetCUBIN(nint program, byte* image);

    [LibraryImport(Library)]
    public static partial nvrtcResult nvrtcGetPTXSize(nint program, nuint* bytes);

    [LibraryImport(Library)]
    public static partial nvrtcResult nvrtcGetPTX(nint program, byte* image);
}

/// <summary>Statuses that this code tells apart.</summary>
internal enum nvrtcResult
{
    NVRTC_SUCCESS = 0,
    NVRTC_ERROR_OUT_OF_MEMORY = 1,
    NVRTC_ERROR_INVALID_OPTION = 5,
    NVRTC_ERROR_COMPILATION = 6,
}

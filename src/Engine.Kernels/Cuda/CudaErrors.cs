using System.Runtime.InteropServices;
using Engine.Tensors;

namespace Engine.Kernels;

/// <summary>Turns a status into one line: what was tried, on which device, the vendor's name of the error, the sizes.</summary>
internal static unsafe class CudaErrors
{
    /// <summary>The vendor's name of a status; its number where the driver does not know it.</summary>
    public static string Name(CUresult status)
    {
        byte* text = null;
        return CudaDriver.cuGetErrorName(status, &text) == CUresult.CUDA_SUCCESS && text is not null
            ? Marshal.PtrToStringUTF8((nint)text)!
            : $"CUDA error {(int)status}";
    }

    /// <summary>The vendor's name of a compiler's status.</summary>
    public static string Name(nvrtcResult status)
        => Marshal.PtrToStringUTF8((nint)Nvrtc.nvrtcGetErrorString(status)) ?? $"NVRTC error {(int)status}";

    /// <summary>Throws unless a call of the driver went well.</summary>
    /// <param name="status">what it returned</param>
    /// <param name="device">the device as messages name it</param>
    /// <param name="what">what was tried, with sizes</param>
    public static void Check(CUresult status, string device, string what)
    {
        if (status != CUresult.CUDA_SUCCESS)
        {
            throw Of(status, $"{what} on {device}");
        }
    }

    /// <summary>Throws unless a call of the compiler went well.</summary>
    public static void Check(nvrtcResult status, string what)
    {
        if (status != nvrtcResult.NVRTC_SUCCESS)
        {
            throw new DwarfException(KindOf(status), $"{what}: {Name(status)}");
        }
    }

    /// <summary>The error of a status.</summary>
    /// <param name="status">not success</param>
    /// <param name="what">what was tried, and where</param>
    /// <param name="details">sizes and the like, after the error's name; empty for none</param>
    /// <param name="kind">other than by the status</param>
    public static DwarfException Of(CUresult status, string what, string details = "", ErrorKind? kind = null)
        => new(kind ?? KindOf(status), $"{what}: {Name(status)}{(details.Length > 0 ? "; " : "")}{details}");

    private static ErrorKind KindOf(CUresult status) => status switch
    {
        CUresult.CUDA_ERROR_OUT_OF_MEMORY or CUresult.CUDA_ERROR_NO_DEVICE or CUresult.CUDA_ERROR_INVALID_DEVICE
            or CUresult.CUDA_ERROR_STUB_LIBRARY or CUresult.CUDA_ERROR_SYSTEM_DRIVER_MISMATCH
            or CUresult.CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE => ErrorKind.Unavailable,
        _ => ErrorKind.Internal,
    };

    private static ErrorKind KindOf(nvrtcResult status)
        => status == nvrtcResult.NVRTC_ERROR_OUT_OF_MEMORY ? ErrorKind.Unavailable : ErrorKind.Internal;
}

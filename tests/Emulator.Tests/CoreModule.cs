using System.Text;
using Engine.Kernels;
using Xunit;

namespace Emulator.Tests;

/// <summary>A source compiled and loaded through the plain entry points, without the back end between.</summary>
internal sealed unsafe class CoreModule : IDisposable
{
    private readonly nint _module;

    public CoreModule(string source, string? expression = null)
    {
        nint context = 0, program = 0;
        Ok(CudaDriver.cuInit(0));
        Ok(CudaDriver.cuDevicePrimaryCtxRetain(&context, 0));
        Ok(CudaDriver.cuCtxSetCurrent(context));
        byte[] text = Zero(source), name = Zero("core.cu"), option = Zero("--gpu-architecture=sm_90"), wanted = Zero(expression ?? "");
        fixed (byte* source0 = text, name0 = name, option0 = option, wanted0 = wanted)
        {
            Assert.Equal(nvrtcResult.NVRTC_SUCCESS, Nvrtc.nvrtcCreateProgram(&program, source0, name0, 0, null, null));
            if (expression is not null)
            {
                Assert.Equal(nvrtcResult.NVRTC_SUCCESS, Nvrtc.nvrtcAddNameExpression(program, wanted0));
            }
            byte* options = option0;
            var status = Nvrtc.nvrtcCompileProgram(program, 1, &options);
            nuint bytes = 0;
            Nvrtc.nvrtcGetProgramLogSize(program, &bytes);
            byte[] log = new byte[(int)bytes];
            fixed (byte* log0 = log)
            {
                Nvrtc.nvrtcGetProgramLog(program, log0);
            }
            Log = Encoding.UTF8.GetString(log).TrimEnd('\0');
            if (status == nvrtcResult.NVRTC_SUCCESS)
            {
                byte* lowered;
                if (expression is not null)
                {
                    Assert.Equal(nvrtcResult.NVRTC_SUCCESS, Nvrtc.nvrtcGetLoweredName(program, wanted0, &lowered));
                    LoweredName = System.Runtime.InteropServices.Marshal.PtrToStringUTF8((nint)lowered)!;
                }
                Nvrtc.nvrtcGetCUBINSize(program, &bytes);
                Image = new byte[(int)bytes];
                fixed (byte* image0 = Image)
                {
                    Nvrtc.nvrtcGetCUBIN(program, image0);
                    nint module;
                    Ok(CudaDriver.cuModuleLoadData(&module, image0));
                    _module = module;
                }
            }
            Nvrtc.nvrtcDestroyProgram(&program);
        }
    }

    /// <summary>What the compiler said.</summary>
    public string Log { get; }

    public byte[] Image { get; } = [];

    public string LoweredName { get; } = "";

    /// <summary>Statuses of calls that must go well.</summary>
    public static void Ok(CUresult status) => Assert.Equal(CUresult.CUDA_SUCCESS, status);

    public nint Function(string name)
    {
        fixed (byte* name0 = Zero(name))
        {
            nint function;
            Ok(CudaDriver.cuModuleGetFunction(&function, _module, name0));
            return function;
        }
    }

    public CUresult Launch(string name, Dim3 grid, Dim3 block, nint stream, params object[] arguments)
        => LaunchShared(name, grid, block, 0, stream, arguments);

    public CUresult LaunchShared(string name, Dim3 grid, Dim3 block, uint shared, nint stream, params object[] arguments)
    {
        ulong* values = stackalloc ulong[arguments.Length + 1];
        void** pointers = stackalloc void*[arguments.Length + 1];
        for (int i = 0; i < arguments.Length; i++)
        {
            values[i] = arguments[i] switch
            {
                ulong value => value,
                int value => (uint)value,
                float value => BitConverter.SingleToUInt32Bits(value),
                var other => throw new ArgumentException($"argument of {other.GetType()}", nameof(arguments)),
            };
            pointers[i] = &values[i];
        }
        return CudaDriver.cuLaunchKernel(Function(name), grid.X, grid.Y, grid.Z, block.X, block.Y, block.Z, shared, stream, pointers, null);
    }

    public static ulong Allocate(int bytes)
    {
        ulong address;
        Ok(CudaDriver.cuMemAlloc_v2(&address, (nuint)bytes));
        return address;
    }

    public static void Upload<T>(ulong to, T[] from)
        where T : unmanaged
    {
        fixed (T* from0 = from)
        {
            Ok(CudaDriver.cuMemcpyHtoDAsync_v2(to, from0, (nuint)(from.Length * sizeof(T)), 0));
        }
        Ok(CudaDriver.cuStreamSynchronize(0));
    }

    public static T[] Download<T>(ulong from, int count)
        where T : unmanaged
    {
        var to = new T[count];
        fixed (T* to0 = to)
        {
            Ok(CudaDriver.cuMemcpyDtoHAsync_v2(to0, from, (nuint)(count * sizeof(T)), 0));
            Ok(CudaDriver.cuStreamSynchronize(0));
        }
        return to;
    }

    public void Dispose()
    {
        if (_module != 0)
        {
            CudaDriver.cuModuleUnload(_module);
        }
    }

    private static byte[] Zero(string text) => [.. Encoding.UTF8.GetBytes(text), 0];
}

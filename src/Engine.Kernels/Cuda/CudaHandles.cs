using Engine.Tensors;
using Microsoft.Win32.SafeHandles;

namespace Engine.Kernels;

/// <summary>The device's primary context, kept while anything that lives in it does.</summary>
internal sealed unsafe class CudaContext : SafeHandleZeroOrMinusOneIsInvalid
{
    private static int s_opened;

    // By number, not by handle: a primary context that was released and made again may have the old one's address.
    [ThreadStatic]
    private static int t_current;

    private readonly int _number = Interlocked.Increment(ref s_opened);
    private readonly int _device;

    public CudaContext(int device, string name)
        : base(ownsHandle: true)
    {
        _device = device;
        nint context = 0;
        CudaErrors.Check(CudaDriver.cuDevicePrimaryCtxRetain(&context, device), name, "opening the device");
        SetHandle(context);
    }

    /// <summary>Makes it the calling thread's context; costs nothing where it is already.</summary>
    public void MakeCurrent()
    {
        if (t_current != _number)
        {
            CudaErrors.Check(CudaDriver.cuCtxSetCurrent(handle), "this thread", "making the device current");
            t_current = _number;
        }
    }

    protected override bool ReleaseHandle() => CudaDriver.cuDevicePrimaryCtxRelease_v2(_device) == CUresult.CUDA_SUCCESS;
}

/// <summary>Something that lives in a context: it holds the context open, and is released in it, from whatever thread.</summary>
internal abstract class CudaHandle : SafeHandleZeroOrMinusOneIsInvalid
{
    private readonly CudaContext _context;

    protected CudaHandle(CudaContext context)
        : base(ownsHandle: true)
    {
        _context = context;
        context.MakeCurrent();
    }

    /// <summary>The driver's handle; the owner keeps this object alive while it is used.</summary>
    public nint Value => handle;

    /// <summary>Takes the created thing over; from here on the context stays open for it.</summary>
    protected void Own(nint created)
    {
        bool added = false;
        _context.DangerousAddRef(ref added);
        SetHandle(created);
    }

    protected abstract CUresult Free();

    protected override bool ReleaseHandle()
    {
        _context.MakeCurrent();
        var status = Free();
        _context.DangerousRelease();
        return status == CUresult.CUDA_SUCCESS;
    }
}

/// <summary>A queue of work.</summary>
internal sealed unsafe class CudaStream : CudaHandle
{
    private const uint NonBlocking = 1;

    public CudaStream(CudaContext context, string name)
        : base(context)
    {
        nint stream = 0;
        CudaErrors.Check(CudaDriver.cuStreamCreate(&stream, NonBlocking), name, "creating a stream");
        Own(stream);
    }

    protected override CUresult Free() => CudaDriver.cuStreamDestroy_v2(handle);
}

/// <summary>A point in a stream that can be waited for, and timed where asked.</summary>
internal sealed unsafe class CudaEvent : CudaHandle
{
    private const uint DisableTiming = 2;

    public CudaEvent(CudaContext context, string name, bool timing = false)
        : base(context)
    {
        nint created = 0;
        CudaErrors.Check(CudaDriver.cuEventCreate(&created, timing ? 0 : DisableTiming), name, "creating an event");
        Own(created);
    }

    protected override CUresult Free() => CudaDriver.cuEventDestroy_v2(handle);
}

/// <summary>Compiled kernels, loaded.</summary>
internal sealed unsafe class CudaModule : CudaHandle
{
    private CudaModule(CudaContext context)
        : base(context)
    {
    }

    /// <summary>Loads an image; null where the driver does not take it, with the driver's status.</summary>
    public static CudaModule? TryLoad(CudaContext context, ReadOnlySpan<byte> image, out CUresult status)
    {
        var module = new CudaModule(context);
        nint loaded = 0;
        fixed (byte* bytes = image)
        {
            status = CudaDriver.cuModuleLoadData(&loaded, bytes);
        }
        if (status != CUresult.CUDA_SUCCESS)
        {
            module.Dispose();
            return null;
        }
        module.Own(loaded);
        return module;
    }

    protected override CUresult Free() => CudaDriver.cuModuleUnload(handle);
}

/// <summary>Pinned host memory: copies from it run beside the processor.</summary>
internal sealed unsafe class PinnedMemory : CudaHandle
{
    public PinnedMemory(CudaContext context, string name, long bytes)
        : base(context)
    {
        void* address = null;
        CudaErrors.Check(CudaDriver.cuMemHostAlloc(&address, (nuint)bytes, 0), name, $"allocating {bytes} bytes of pinned memory");
        Own((nint)address);
    }

    protected override CUresult Free() => CudaDriver.cuMemFreeHost((void*)handle);
}

using Engine.Tensors;

namespace Engine.Kernels;

/// <summary>A device's memory: blocks, and copies in the order of its compute stream.</summary>
internal sealed unsafe class DeviceMemory(CudaDevice device, CudaContext context) : MemorySpace
{
    private readonly System.Collections.Concurrent.ConcurrentQueue<ulong> _abandoned = new();

    /// <inheritdoc/>
    public override string Name => device.Name;

    /// <inheritdoc/>
    public override MemoryBlock Allocate(long bytes)
    {
        FreeAbandoned();
        return new DeviceBlock(this, device, context, bytes);
    }

    /// <summary>
    /// Takes over the memory of a block that was found unreachable. A kernel that was given its address may still run, so it goes back at the
    /// next allocation, which comes after that launch in the program's own order.
    /// </summary>
    internal void Abandon(ulong address) => _abandoned.Enqueue(address);

    /// <summary>Frees what the collector found, and says whether there was something.</summary>
    internal bool FreeAbandoned()
    {
        bool any = false;
        while (_abandoned.TryDequeue(out ulong address))
        {
            any = true;
            CudaDriver.cuMemFree_v2(address);
        }

        return any;
    }

    /// <inheritdoc/>
    public override void CopyFromHost(void* destination, void* source, long bytes) => device.Upload(destination, source, bytes);

    /// <inheritdoc/>
    public override void CopyToHost(void* destination, void* source, long bytes) => device.Download(destination, source, bytes);

    /// <inheritdoc/>
    public override void Copy(void* destination, void* source, long bytes) => device.Copy(destination, source, bytes);

    /// <inheritdoc/>
    public override void Clear(void* destination, long bytes) => device.Clear(destination, bytes);
}

/// <summary>One allocation on a device. At least a byte, so that every block has an address of its own.</summary>
internal sealed unsafe class DeviceBlock : MemoryBlock
{
    private readonly DeviceAddress _address;

    public DeviceBlock(DeviceMemory space, CudaDevice device, CudaContext context, long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        Space = space;
        Bytes = bytes;
        _address = new DeviceAddress(context, device, space, Math.Max(bytes, 1));
    }

    public override long Bytes { get; }

    public override byte* Pointer => (byte*)_address.Value;

    public override MemorySpace? Space { get; }

    protected override void Free() => _address.Dispose();
}

/// <summary>The allocation's address; its release waits for nothing that the block's owner has not waited for.</summary>
internal sealed unsafe class DeviceAddress : CudaHandle
{
    private readonly DeviceMemory _space;
    private bool _disposing;

    public DeviceAddress(CudaContext context, CudaDevice device, DeviceMemory space, long bytes)
        : base(context)
    {
        _space = space;
        ulong address = 0;
        var status = CudaDriver.cuMemAlloc_v2(&address, (nuint)bytes);
        if (status == CUresult.CUDA_ERROR_OUT_OF_MEMORY)
        {
            // The collector does not feel the device's memory: what is unreachable may be all that is missing.
            GC.Collect();
            GC.WaitForPendingFinalizers();
            if (space.FreeAbandoned())
            {
                status = CudaDriver.cuMemAlloc_v2(&address, (nuint)bytes);
            }
        }
        if (status != CUresult.CUDA_SUCCESS)
        {
            nuint free = 0, total = 0;
            string memory = CudaDriver.cuMemGetInfo_v2(&free, &total) == CUresult.CUDA_SUCCESS ? $"{free:N0} of {total:N0} bytes are free"
                : "";
            throw CudaErrors.Of(status, $"allocating {bytes:N0} bytes on {device.FullName}", memory);
        }
        Own((nint)address);
    }

    protected override void Dispose(bool disposing)
    {
        _disposing = disposing;
        base.Dispose(disposing);
    }

    protected override CUresult Free()
    {
        if (_disposing)
        {
            return CudaDriver.cuMemFree_v2((ulong)handle);
        }
        _space.Abandon((ulong)handle);
        return CUresult.CUDA_SUCCESS;
    }
}

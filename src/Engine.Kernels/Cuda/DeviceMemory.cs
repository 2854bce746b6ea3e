using Engine.Tensors;

namespace Engine.Kernels;

/// <summary>A device's memory: blocks, and copies in the order of its compute stream.</summary>
internal sealed unsafe class DeviceMemory(CudaDevice device, CudaContext context) : MemorySpace
{
    /// <inheritdoc/>
    public override string Name => device.Name;

    /// <inheritdoc/>
    public override MemoryBlock Allocate(long bytes) => new DeviceBlock(this, device, context, bytes);

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
        _address = new DeviceAddress(context, device, Math.Max(bytes, 1));
    }

    public override long Bytes { get; }

    public override byte* Pointer => (byte*)_address.Value;

    public override MemorySpace? Space { get; }

    protected override void Free() => _address.Dispose();
}

/// <summary>The allocation's address; its release waits for nothing that the block's owner has not waited for.</summary>
internal sealed unsafe class DeviceAddress : CudaHandle
{
    public DeviceAddress(CudaContext context, CudaDevice device, long bytes)
        : base(context)
    {
        ulong address = 0;
        var status = CudaDriver.cuMemAlloc_v2(&address, (nuint)bytes);
        if (status != CUresult.CUDA_SUCCESS)
        {
            nuint free = 0, total = 0;
            string memory = CudaDriver.cuMemGetInfo_v2(&free, &total) == CUresult.CUDA_SUCCESS ? $"{free:N0} of {total:N0} bytes are free"
                : "";
            throw CudaErrors.Of(status, $"allocating {bytes:N0} bytes on {device.FullName}", memory);
        }
        Own((nint)address);
    }

    protected override CUresult Free() => CudaDriver.cuMemFree_v2((ulong)handle);
}

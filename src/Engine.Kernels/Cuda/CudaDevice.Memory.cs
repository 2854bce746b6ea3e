using Engine.Tensors;

namespace Engine.Kernels;

public sealed unsafe partial class CudaDevice
{
    private readonly CudaStream _copies;
    private readonly CudaEvent _copied;
    private readonly StagingRing _staging;

    /// <summary>
    /// Copies to the device in the order of its work. The source is read before this returns; nothing waits for the device.
    /// </summary>
    /// <param name="device">device memory</param>
    /// <param name="host">host memory</param>
    /// <param name="bytes">size</param>
    /// <remarks>
    /// Inside a capture the copied bytes become part of the graph: each replay copies what was recorded. Inputs that change from step
    /// to step are uploaded to the same device memory before <see cref="CudaGraph.Launch"/>, outside the capture.
    /// </remarks>
    public void Upload(void* device, void* host, long bytes) => Upload(device, host, bytes, _compute);

    /// <summary>
    /// Copies to the device beside its work, on the copy stream: into memory that no queued work reads or writes.
    /// <see cref="JoinCopies"/> makes later work wait for it.
    /// </summary>
    /// <param name="device">device memory</param>
    /// <param name="host">host memory; read before this returns</param>
    /// <param name="bytes">size</param>
    public void UploadAhead(void* device, void* host, long bytes) => Upload(device, host, bytes, _copies);

    /// <summary>Makes work queued from here on wait for the copies of <see cref="UploadAhead"/>; the host does not wait.</summary>
    public void JoinCopies()
    {
        _context.MakeCurrent();
        Check(CudaDriver.cuEventRecord(_copied.Value, _copies.Value), "recording the end of copies");
        Check(CudaDriver.cuStreamWaitEvent(_compute.Value, _copied.Value, 0), "waiting for copies");
    }

    /// <summary>Copies from the device after all its queued work; waits for it.</summary>
    /// <param name="host">host memory</param>
    /// <param name="device">device memory</param>
    /// <param name="bytes">size</param>
    /// <exception cref="DwarfException">called inside a capture, or queued work failed</exception>
    public void Download(void* host, void* device, long bytes)
    {
        if (Capturing)
        {
            throw new DwarfException(ErrorKind.Internal, $"a host read on {FullName} inside a capture: nothing has run yet");
        }
        if (bytes > 0)
        {
            _context.MakeCurrent();
            CheckBytes(CudaDriver.cuMemcpyDtoHAsync_v2(host, (ulong)device, (nuint)bytes, _compute.Value), "copying", bytes,
                " to the host");
        }
        Synchronize();
    }

    /// <summary>Copies within the device, in the order of its work.</summary>
    /// <param name="destination">device memory</param>
    /// <param name="source">device memory</param>
    /// <param name="bytes">size</param>
    public void Copy(void* destination, void* source, long bytes)
    {
        if (bytes > 0)
        {
            _context.MakeCurrent();
            CheckBytes(CudaDriver.cuMemcpyDtoDAsync_v2((ulong)destination, (ulong)source, (nuint)bytes, _compute.Value), "copying", bytes);
        }
    }

    /// <summary>Sets bytes to zero, in the order of the device's work.</summary>
    /// <param name="device">device memory</param>
    /// <param name="bytes">size</param>
    public void Clear(void* device, long bytes)
    {
        if (bytes > 0)
        {
            _context.MakeCurrent();
            CheckBytes(CudaDriver.cuMemsetD8Async((ulong)device, 0, (nuint)bytes, _compute.Value), "clearing", bytes);
        }
    }

    /// <summary>Waits for all queued work; what failed in it is thrown here.</summary>
    public void Synchronize()
    {
        _context.MakeCurrent();
        Check(CudaDriver.cuStreamSynchronize(_compute.Value), "waiting for the device");
    }

    private void Upload(void* device, void* host, long bytes, CudaStream stream)
    {
        _context.MakeCurrent();
        for (long done = 0; done < bytes; done += StagingRing.PieceBytes)
        {
            long piece = Math.Min(bytes - done, StagingRing.PieceBytes);
            var slot = _staging.Take(piece);
            void* pinned = (void*)slot.Memory.Value;
            Buffer.MemoryCopy((byte*)host + done, pinned, piece, piece);
            var status = CudaDriver.cuMemcpyHtoDAsync_v2((ulong)device + (ulong)done, pinned, (nuint)piece, stream.Value);
            CheckBytes(status, "copying", piece, " to the device");
            if (Capturing)
            {
                _captured.Add(slot);   // the graph reads this address at every replay
                continue;
            }
            Check(CudaDriver.cuEventRecord(slot.Copied.Value, stream.Value), "recording the end of an upload");
            slot.Pending = true;
            _staging.Return(slot);
        }
    }

    /// <summary>
    /// As <see cref="Check"/>; the text with the size is made only where the call failed, so that a step allocates nothing.
    /// </summary>
    private void CheckBytes(CUresult status, string verb, long bytes, string where = "")
    {
        if (status != CUresult.CUDA_SUCCESS)
        {
            Check(status, $"{verb} {bytes} bytes{where}");
        }
    }
}

namespace Engine.Kernels;

/// <summary>Work that is recorded anew before each run and then launched by one call, as a training step is.</summary>
/// <remarks>
/// A step like the one before differs in numbers and addresses alone: the executable graph takes them over (an update). One that does other
/// work gets an executable of its own. So everything may change from step to step, and the device still gets one launch for all of it.
/// </remarks>
public sealed unsafe class CudaRecorder : IDisposable
{
    private readonly CudaDevice _device;
    private readonly CudaEvent _ran;
    private CudaGraphExecutable? _executable;
    private List<StagingSlot> _slots = [];

    /// <summary>Prepares it; nothing is recorded yet.</summary>
    /// <param name="device">runs the work</param>
    public CudaRecorder(CudaDevice device)
    {
        _device = device;
        _ran = new CudaEvent(device.Context, device.FullName);
    }

    /// <summary>Kernels, products, copies and clears in the last launch.</summary>
    public long Nodes { get; private set; }

    /// <summary>Launches that took the executable of the one before.</summary>
    public long Updates { get; private set; }

    /// <summary>Launches so far.</summary>
    public long Launches { get; private set; }

    /// <summary>From here on, work that the device is given is recorded; nothing may be read on the host until <see cref="Launch"/>.</summary>
    public void Begin() => _device.BeginCapture();

    /// <summary>Ends the recording and queues what was recorded.</summary>
    public void Launch()
    {
        var (graph, slots) = _device.EndRecording();
        try
        {
            Nodes = _device.CountNodes(graph);
            if (_executable is not null && _executable.TryUpdate(graph))
            {
                Updates++;
            }
            else
            {
                WaitForLast();
                _executable?.Dispose();
                _executable = new CudaGraphExecutable(_device.Context, graph, _device.FullName);
            }

            _device.LaunchGraph(_executable);
            Launches++;
        }
        finally
        {
            CudaDriver.cuGraphDestroy(graph);

            // What the launch before read is free once that launch is over, which its loss, read on the host, usually says.
            WaitForLast();
            _device.ReturnStaging(_slots);
            _slots = slots;
        }

        _device.Check(CudaDriver.cuEventRecord(_ran.Value, _device.ComputeStream), "recording the end of a graph");
    }

    /// <summary>Ends the recording and forgets it; nothing of it runs.</summary>
    public void Abandon()
    {
        if (_device.Capturing)
        {
            var (graph, slots) = _device.EndRecording();
            CudaDriver.cuGraphDestroy(graph);
            _device.ReturnStaging(slots);
        }
    }

    /// <summary>Waits for the last launch and frees its graph.</summary>
    public void Dispose()
    {
        Abandon();
        WaitForLast();
        _executable?.Dispose();
        _device.ReturnStaging(_slots);
        _slots = [];
        _ran.Dispose();
    }

    private void WaitForLast()
    {
        if (Launches > 0 && CudaDriver.cuEventQuery(_ran.Value) != CUresult.CUDA_SUCCESS)
        {
            _device.Check(CudaDriver.cuEventSynchronize(_ran.Value), "waiting for a graph");
        }
    }
}

using System.Runtime.InteropServices;
using Engine.Tensors;

namespace Engine.Kernels;

public sealed unsafe partial class CudaDevice
{
    private readonly Dictionary<string, nint> _rangeNames = [];
    private List<StagingSlot> _captured = [];

    /// <summary>Whether work is recorded rather than run.</summary>
    public bool Capturing { get; private set; }

    /// <summary>
    /// Records the work queued from here on into a graph instead of running it. Run the same work once before, uncaptured, so that
    /// kernels are compiled and pools filled.
    /// </summary>
    /// <exception cref="DwarfException">a capture is under way</exception>
    public void BeginCapture()
    {
        if (Capturing)
        {
            throw new DwarfException(ErrorKind.Internal, $"a capture on {FullName} inside a capture");
        }
        _context.MakeCurrent();
        Check(CudaDriver.cuStreamBeginCapture_v2(_compute.Value, CUstreamCaptureMode.RELAXED), "beginning a capture");
        Capturing = true;
    }

    /// <summary>Ends the recording.</summary>
    /// <returns>the graph, ready to be launched as often as wanted; all memory it names must stay</returns>
    /// <exception cref="DwarfException">no capture is under way, or something in it cannot be captured</exception>
    public CudaGraph EndCapture()
    {
        var (graph, slots) = EndRecording();
        try
        {
            return new CudaGraph(this, new CudaGraphExecutable(_context, graph, FullName), CountNodes(graph), slots);
        }
        finally
        {
            CudaDriver.cuGraphDestroy(graph);
        }
    }

    /// <summary>Ends the recording and hands over the graph, to be destroyed, and the staging memory that it reads.</summary>
    internal (nint Graph, List<StagingSlot> Slots) EndRecording()
    {
        if (!Capturing)
        {
            throw new DwarfException(ErrorKind.Internal, $"the end of a capture on {FullName} without its beginning");
        }
        Capturing = false;
        var slots = _captured;
        _captured = [];
        nint graph = 0;
        _context.MakeCurrent();
        var status = CudaDriver.cuStreamEndCapture(_compute.Value, &graph);
        if (status != CUresult.CUDA_SUCCESS)
        {
            ReturnStaging(slots);
            Check(status, "ending a capture");
        }
        return (graph, slots);
    }

    internal long CountNodes(nint graph)
    {
        nuint nodes = 0;
        Check(CudaDriver.cuGraphGetNodes(graph, null, &nodes), "counting a graph's nodes");
        return (long)nodes;
    }

    /// <summary>
    /// Names what is queued until the result is disposed, for profilers (NVTX); without NVIDIA's library nothing happens.
    /// </summary>
    /// <param name="name">the operator's name; kept, so one of a fixed set</param>
    /// <returns>to be disposed by the same thread</returns>
    public CudaRange Range(string name)
    {
        if (!Nvtx.Present)
        {
            return default;
        }
        if (!_rangeNames.TryGetValue(name, out nint text))
        {
            _rangeNames[name] = text = Marshal.StringToCoTaskMemUTF8(name);
        }
        _ = Nvtx.nvtxRangePushA((byte*)text);
        return new CudaRange(true);
    }

    /// <summary>A stopwatch on the device.</summary>
    /// <returns>to be disposed</returns>
    public CudaTimer NewTimer() => new(this);

    internal void LaunchGraph(CudaGraphExecutable executable)
    {
        _context.MakeCurrent();
        _last = "one of a graph";
        Check(CudaDriver.cuGraphLaunch(executable.Value, _compute.Value), "launching a graph");
    }

    internal void ReturnStaging(List<StagingSlot> slots) => slots.ForEach(_staging.Return);
}

/// <summary>A named stretch of queued work; ends when disposed.</summary>
public readonly ref struct CudaRange
{
    private readonly bool _pushed;

    internal CudaRange(bool pushed) => _pushed = pushed;

    /// <summary>Ends the stretch.</summary>
    public void Dispose()
    {
        if (_pushed)
        {
            _ = Nvtx.nvtxRangePop();
        }
    }
}

/// <summary>Recorded work that runs again by one call.</summary>
public sealed class CudaGraph : IDisposable
{
    private readonly CudaDevice _device;
    private readonly CudaGraphExecutable _executable;
    private readonly List<StagingSlot> _slots;
    private bool _disposed;

    internal CudaGraph(CudaDevice device, CudaGraphExecutable executable, long nodes, List<StagingSlot> slots)
    {
        (_device, _executable, _slots) = (device, executable, slots);
        Nodes = nodes;
    }

    /// <summary>Kernels, copies and clears in it.</summary>
    public long Nodes { get; }

    /// <summary>Queues all of it on the compute stream.</summary>
    public void Launch() => _device.LaunchGraph(_executable);

    /// <summary>Waits for its last launch and frees it.</summary>
    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            _device.Synchronize();
            _executable.Dispose();
            _device.ReturnStaging(_slots);
        }
    }
}

/// <summary>A graph made ready to launch.</summary>
internal sealed unsafe class CudaGraphExecutable : CudaHandle
{
    public CudaGraphExecutable(CudaContext context, nint graph, string device)
        : base(context)
    {
        nint executable = 0;
        CudaErrors.Check(CudaDriver.cuGraphInstantiateWithFlags(&executable, graph, 0), device, "making a graph ready");
        Own(executable);
    }

    /// <summary>Takes over the numbers and addresses of a graph that does the same; false where it does something else.</summary>
    public bool TryUpdate(nint graph)
    {
        CUgraphExecUpdateResultInfo info;
        return CudaDriver.cuGraphExecUpdate_v2(handle, graph, &info) == CUresult.CUDA_SUCCESS;
    }

    protected override CUresult Free() => CudaDriver.cuGraphExecDestroy(handle);
}

/// <summary>Measures the time that the device takes for what is queued between <see cref="Start"/> and <see cref="Stop"/>.</summary>
public sealed unsafe class CudaTimer : IDisposable
{
    private readonly CudaDevice _device;
    private readonly CudaEvent _start;
    private readonly CudaEvent _end;

    internal CudaTimer(CudaDevice device)
    {
        _device = device;
        _start = new CudaEvent(device.Context, device.FullName, timing: true);
        _end = new CudaEvent(device.Context, device.FullName, timing: true);
    }

    /// <summary>Marks the beginning.</summary>
    public void Start() => _device.Check(CudaDriver.cuEventRecord(_start.Value, _device.ComputeStream), "starting a timer");

    /// <summary>Marks the end and waits for it.</summary>
    /// <returns>milliseconds</returns>
    public float Stop()
    {
        float milliseconds = 0;
        _device.Check(CudaDriver.cuEventRecord(_end.Value, _device.ComputeStream), "stopping a timer");
        _device.Check(CudaDriver.cuEventSynchronize(_end.Value), "waiting for a timer");
        _device.Check(CudaDriver.cuEventElapsedTime(&milliseconds, _start.Value, _end.Value), "reading a timer");
        return milliseconds;
    }

    /// <summary>Frees the events.</summary>
    public void Dispose()
    {
        _start.Dispose();
        _end.Dispose();
    }
}

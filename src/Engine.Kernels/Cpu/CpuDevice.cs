using System.Diagnostics;
using Engine.Tensors;

namespace Engine.Kernels;

/// <summary>Work on the items [begin, end) of a range; see <see cref="CpuDevice.For"/>.</summary>
/// <typeparam name="TState">what the body reads; a struct or a tuple of pointers and sizes</typeparam>
/// <param name="state">the caller's state, shared by all chunks</param>
/// <param name="begin">first item</param>
/// <param name="end">one past the last item</param>
public delegate void RangeBody<TState>(in TState state, long begin, long end);

/// <summary>The processor's cores as one compute device: a fixed team of threads and the scratch memory that kernels reuse.</summary>
/// <remarks>
/// Several devices may live in one process. An idle device costs no processor time, and a forgotten one neither keeps the process
/// alive nor leaks its threads: the finalizer stops them.
/// </remarks>
public sealed class CpuDevice : Device
{
    private readonly ThreadTeam _team;
    private NativeScratch? _scratch;

    /// <summary>Starts the team.</summary>
    /// <param name="threads">threads that work on one loop, the calling one included; 0 = all cores</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="threads"/> is negative</exception>
    public CpuDevice(int threads = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(threads);
        Threads = threads == 0 ? Environment.ProcessorCount : threads;
        _team = new ThreadTeam(Threads - 1);
    }

    private CpuDevice()
    {
        (Threads, Plans) = (1, true);
        _team = new ThreadTeam(0);
    }

    /// <summary>Whether no loop does anything here: what a step would take of memory shows, and nothing is computed or touched.</summary>
    public bool Plans { get; }

    /// <summary>Scratch memory of matrix products, as much as the largest so far wanted.</summary>
    public long ScratchBytes => _scratch?.Bytes ?? 0;

    /// <summary>A device on which every loop returns at once, for planning memory: results are whatever was in memory before.</summary>
    /// <returns>a device of its own</returns>
    public static CpuDevice ForPlanning() => new();

    /// <summary>Stops the threads of a device that nobody disposed.</summary>
    ~CpuDevice() => _team?.Stop();

    /// <inheritdoc/>
    public override string Name => "cpu";

    /// <inheritdoc/>
    public override MemorySpace? Memory => null;

    /// <summary>Threads that work on one loop, the calling one included.</summary>
    public int Threads { get; }

    /// <summary>Calls <paramref name="body"/> over [0, <paramref name="count"/>) in chunks of <paramref name="grain"/> items.</summary>
    /// <typeparam name="TState">a struct or tuple</typeparam>
    /// <param name="count">items; 0 calls nothing</param>
    /// <param name="grain">items a chunk, at least 1; chunks depend on count and grain alone, and the last may be short</param>
    /// <param name="state">handed to every call</param>
    /// <param name="body">a static lambda, so that no call allocates</param>
    /// <remarks>
    /// One chunk, one thread, a loop inside a loop and a second caller at the same time run inline, chunk by chunk in order.
    /// The first exception of a body reaches the caller after the chunks under way have ended; chunks not yet begun are skipped.
    /// </remarks>
    public void For<TState>(long count, long grain, in TState state, RangeBody<TState> body)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfLessThan(grain, 1);
        ArgumentNullException.ThrowIfNull(body);
        if (Plans)
        {
            return;
        }

        if (Threads > 1 && count > grain)
        {
            _team.Run(count, grain, in state, body);
        }
        else
        {
            ThreadTeam.RunInline(count, grain, in state, body);
        }
        GC.KeepAlive(this);
    }

    /// <summary>Scratch memory for one kernel call; give it back with <see cref="ReturnScratch"/>.</summary>
    internal NativeScratch TakeScratch() => Interlocked.Exchange(ref _scratch, null) ?? new NativeScratch();

    /// <summary>Keeps the memory for the next call; of two callers at once, one's memory is freed.</summary>
    internal void ReturnScratch(NativeScratch scratch)
    {
        Debug.Assert(scratch is not null, "only what was taken is given back");
        Interlocked.Exchange(ref _scratch, scratch)?.Dispose();
    }

    /// <summary>Stops the threads and frees the scratch memory. A loop that is still called runs inline.</summary>
    public override void Dispose()
    {
        _team.Stop();
        Interlocked.Exchange(ref _scratch, null)?.Dispose();
        GC.SuppressFinalize(this);
    }
}

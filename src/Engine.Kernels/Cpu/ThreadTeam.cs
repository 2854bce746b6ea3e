using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace Engine.Kernels;

/// <summary>Background threads that help a caller through one loop at a time.</summary>
/// <remarks>
/// The caller opens a round, works through it beside the helpers that come in time, closes it and waits for those inside only: a
/// helper that the system has not scheduled, because other processes hold its core, delays nobody. Between rounds a helper spins
/// for a few microseconds, then yields, then sleeps.
/// </remarks>
internal sealed unsafe class ThreadTeam
{
    // _door: bit 32 and up: round number; bit 31: open; below: helpers inside. One word, so that entering and closing are atomic.
    private const long Open = 1L << 31;
    private const long NextRound = 1L << 32;
    private const long InsideMask = Open - 1;

    [ThreadStatic]
    private static bool t_inLoop;

    private static readonly long SpinTicks = Stopwatch.Frequency / 100_000;    // 10 us: the gap between two operators
    private static readonly long YieldTicks = Stopwatch.Frequency / 5_000;     // 200 us: a caller that is about to come back

    private readonly object _bed = new();
    private readonly int _helpers;
    private Padded _doorWord;
    private Padded _nextWord;
    private int _sleepers;
    private int _busy;
    private bool _stopped;
    private bool _started;

    private delegate*<object, void*, long, long, void> _call;
    private object? _body;
    private void* _state;
    private long _count;
    private long _grain;
    private ExceptionDispatchInfo? _failure;

    public ThreadTeam(int helpers) => _helpers = helpers;

    /// <summary>All chunks in order on the calling thread.</summary>
    public static void RunInline<TState>(long count, long grain, in TState state, RangeBody<TState> body)
    {
        for (long begin = 0; begin < count; begin += grain)
        {
            body(in state, begin, begin + Math.Min(grain, count - begin));
        }
    }

    /// <summary>All chunks, shared among the caller and the helpers.</summary>
    public void Run<TState>(long count, long grain, in TState state, RangeBody<TState> body)
    {
        if (t_inLoop || Volatile.Read(ref _stopped) || Interlocked.CompareExchange(ref _busy, 1, 0) != 0)
        {
            RunInline(count, grain, in state, body);
            return;
        }
        // A copy on this stack frame has an address that does not move; the frame outlives every helper's visit.
        TState copy = state;
        ExceptionDispatchInfo? failure;
        try
        {
            if (!_started)
            {
                Start();
            }
            _call = &Call<TState>;
            _body = body;
            _state = Unsafe.AsPointer(ref copy);
            _count = count;
            _grain = grain;
            _failure = null;
            Volatile.Write(ref _nextWord.Value, 0);
            Interlocked.Add(ref _doorWord.Value, NextRound + Open);
            if (Volatile.Read(ref _sleepers) > 0)
            {
                lock (_bed)
                {
                    Monitor.PulseAll(_bed);
                }
            }
            t_inLoop = true;
            Work();
        }
        finally
        {
            t_inLoop = false;
            Close();
            failure = _failure;
            _failure = null;
            _body = null;
            Volatile.Write(ref _busy, 0);
        }
        failure?.Throw();
    }

    /// <summary>Ends the helpers; later loops run inline.</summary>
    public void Stop()
    {
        lock (_bed)
        {
            Volatile.Write(ref _stopped, true);
            Monitor.PulseAll(_bed);
        }
    }

    private static void Call<TState>(object body, void* state, long begin, long end) =>
        Unsafe.As<RangeBody<TState>>(body)(in Unsafe.AsRef<TState>(state), begin, end);

    private void Start()
    {
        for (int i = 0; i < _helpers; i++)
        {
            new Thread(Help) { IsBackground = true, Name = $"engine cpu {i + 1}" }.Start();
        }
        _started = true;
    }

    private void Close()
    {
        long door = Interlocked.And(ref _doorWord.Value, ~Open);
        long begin = Stopwatch.GetTimestamp();
        while ((door & InsideMask) != 0)
        {
            if (Stopwatch.GetTimestamp() - begin < SpinTicks)
            {
                Thread.SpinWait(4);
            }
            else
            {
                Thread.Yield();
            }
            door = Volatile.Read(ref _doorWord.Value);
        }
    }

    private void Work()
    {
        long chunks = (_count - 1) / _grain + 1;
        try
        {
            for (long chunk = Interlocked.Increment(ref _nextWord.Value) - 1; chunk < chunks;
                chunk = Interlocked.Increment(ref _nextWord.Value) - 1)
            {
                long begin = chunk * _grain;
                _call(_body!, _state, begin, begin + Math.Min(_grain, _count - begin));
            }
        }
#pragma warning disable CA1031 // whatever a body throws is the caller's to see
        catch (Exception failure)
#pragma warning restore CA1031
        {
            Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(failure), null);
            Interlocked.Exchange(ref _nextWord.Value, chunks);
        }
    }

    private void Help()
    {
        t_inLoop = true;
        long seen = 0;
        while (WaitForRound(seen))
        {
            long door = Volatile.Read(ref _doorWord.Value);
            while ((door & Open) != 0)
            {
                long found = Interlocked.CompareExchange(ref _doorWord.Value, door + 1, door);
                if (found == door)
                {
                    Work();
                    Interlocked.Decrement(ref _doorWord.Value);
                    break;
                }
                door = found;
            }
            seen = door >>> 32;
        }
    }

    /// <summary>Waits for a round after <paramref name="seen"/>; false when the team is stopped.</summary>
    private bool WaitForRound(long seen)
    {
        long begin = Stopwatch.GetTimestamp();
        while ((Volatile.Read(ref _doorWord.Value) >>> 32) == seen)
        {
            long waited = Stopwatch.GetTimestamp() - begin;
            if (Volatile.Read(ref _stopped))
            {
                return false;
            }
            if (waited < SpinTicks)
            {
                Thread.SpinWait(4);
            }
            else if (waited < YieldTicks)
            {
                Thread.Yield();
            }
            else
            {
                Sleep(seen);
            }
        }
        return !Volatile.Read(ref _stopped);
    }

    private void Sleep(long seen)
    {
        lock (_bed)
        {
            // The caller opens a round first and counts sleepers second; here it is the other way about: one of the two sees the other.
            Interlocked.Increment(ref _sleepers);
            while (!_stopped && (Interlocked.Read(ref _doorWord.Value) >>> 32) == seen)
            {
                Monitor.Wait(_bed);
            }
            Interlocked.Decrement(ref _sleepers);
        }
    }

    /// <summary>A word on cache lines of its own, since two threads write it all the time.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct Padded
    {
        [FieldOffset(128)]
        public long Value;
    }
}

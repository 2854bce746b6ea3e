using CsCheck;
using Engine.Kernels;
using Xunit;

namespace Engine.Tests.Cpu;

public sealed class CpuDeviceTests
{
    [Fact]
    public void Every_item_is_visited_once_for_any_count_grain_and_threads() =>
        Gen.Select(Gen.Int[0, 300], Gen.Int[1, 60], Gen.Int[1, 4]).Sample((count, grain, threads) =>
        {
            using var cpu = new CpuDevice(threads);
            var visits = new int[count];
            var begins = new bool[count + 1];
            var state = (Visits: visits, Begins: begins, Grain: grain, Count: count);
            cpu.For(count, grain, in state, static (in (int[] Visits, bool[] Begins, int Grain, int Count) s, long begin, long end) =>
            {
                Assert.Equal(0, begin % s.Grain);
                Assert.Equal(Math.Min(begin + s.Grain, s.Count), end);
                s.Begins[begin] = true;
                for (long i = begin; i < end; i++)
                {
                    Interlocked.Increment(ref s.Visits[i]);
                }
            });
            Assert.All(visits, v => Assert.Equal(1, v));
        }, iter: 200, threads: 1);

    [Fact]
    public void Many_short_rounds_lose_no_chunk()
    {
        using var cpu = new CpuDevice(3);
        var sums = new long[8];
        for (int round = 0; round < 20_000; round++)
        {
            cpu.For(8, 1, sums, static (in long[] s, long begin, long end) => s[begin] += begin);
            if (round % 5000 == 0)
            {
                Thread.Sleep(5);    // long enough for the helpers to fall asleep
            }
        }
        Assert.Equal(Enumerable.Range(0, 8).Select(i => 20_000L * i), sums);
    }

    [Fact]
    public void Two_threads_really_work_at_the_same_time()
    {
        using var cpu = new CpuDevice(2);
        using var both = new Barrier(2);
        for (int round = 0; round < 3; round++)
        {
            // Each of the two chunks waits for the other: one thread alone would time out.
            var met = new bool[2];
            cpu.For(2, 1, (both, met), static (in (Barrier Both, bool[] Met) s, long begin, long end) =>
                s.Met[begin] = s.Both.SignalAndWait(TimeSpan.FromSeconds(20)));
            Assert.All(met, Assert.True);
            Thread.Sleep(30);       // the helper falls asleep and must be woken
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void An_exception_of_the_body_reaches_the_caller_and_the_device_works_on(int threads)
    {
        using var cpu = new CpuDevice(threads);
        for (int repeat = 0; repeat < 50; repeat++)
        {
            var error = Assert.Throws<InvalidOperationException>(() => cpu.For(100, 1, 0, static (in int _, long begin, long end) =>
            {
                if (begin == 37)
                {
                    throw new InvalidOperationException("thirty-seven");
                }
            }));
            Assert.Equal("thirty-seven", error.Message);
        }
        var count = new int[1];
        cpu.For(100, 1, count, static (in int[] c, long begin, long end) => Interlocked.Increment(ref c[0]));
        Assert.Equal(100, count[0]);
    }

    [Fact]
    public void A_loop_inside_a_loop_runs_inline()
    {
        using var cpu = new CpuDevice(2);
        using var other = new CpuDevice(2);
        foreach (CpuDevice inner in new[] { cpu, other })
        {
            Nest(cpu, inner);
        }
    }

    private static void Nest(CpuDevice cpu, CpuDevice inner)
    {
        var count = new int[1];
        cpu.For(10, 1, (inner, count), static (in (CpuDevice Cpu, int[] Count) s, long begin, long end) =>
        {
            int thread = Environment.CurrentManagedThreadId;
            s.Cpu.For(10, 1, (thread, s.Count), static (in (int Thread, int[] Count) t, long b, long e) =>
            {
                Assert.Equal(t.Thread, Environment.CurrentManagedThreadId);
                Thread.Sleep(1);    // time enough for a helper to come, if it could
                Interlocked.Increment(ref t.Count[0]);
            });
        });
        Assert.Equal(100, count[0]);
    }

    [Fact]
    public void Callers_on_several_threads_and_devices_do_not_disturb_each_other()
    {
        using var first = new CpuDevice(2);
        using var second = new CpuDevice(2);
        var failures = new int[1];
        var callers = Enumerable.Range(0, 4).Select(i => new Thread(() =>
        {
            for (int round = 0; round < 500; round++)
            {
                var sum = new long[1];
                (i % 2 == 0 ? first : second).For(100, 7, sum, static (in long[] s, long begin, long end) =>
                {
                    for (long item = begin; item < end; item++)
                    {
                        Interlocked.Add(ref s[0], item);
                    }
                });
                if (sum[0] != 4950)
                {
                    Interlocked.Increment(ref failures[0]);
                }
            }
        })).ToList();
        callers.ForEach(t => t.Start());
        callers.ForEach(t => t.Join());
        Assert.Equal(0, failures[0]);
    }

    [Fact]
    public void The_steady_state_allocates_nothing()
    {
        using var cpu = new CpuDevice(2);
        var sums = new long[4];
        static void Loop(CpuDevice cpu, long[] sums) =>
            cpu.For(4, 1, (sums, 3L), static (in (long[] Sums, long Step) s, long begin, long end) => s.Sums[begin] += s.Step);
        Loop(cpu, sums);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            Loop(cpu, sums);
        }
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void An_idle_device_costs_no_processor_time()
    {
        using var cpu = new CpuDevice(4);
        cpu.For(4, 1, 0, static (in int _, long begin, long end) => { });
        Assert.SkipUnless(OperatingSystem.IsLinux(), "threads' times are read from /proc");
        Thread.Sleep(50);
        // Other tests run in this process too: only this device has a third helper, and helpers have names.
        string helper = Directory.GetDirectories("/proc/self/task")
            .Last(task => ReadOrEmpty($"{task}/comm").StartsWith("engine cpu 3", StringComparison.Ordinal));
        long before = Ticks(helper);
        Thread.Sleep(300);
        Assert.InRange(Ticks(helper) - before, 0, 6);     // hundredths of a second

        // Fields 14 and 15 of the whole line, counted after the name, which may hold spaces.
        static long Ticks(string task) => ReadOrEmpty($"{task}/stat") is { Length: > 0 } stat
            ? stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[11..13].Sum(long.Parse)
            : 0;

        static string ReadOrEmpty(string path)
        {
            try
            {
                return File.ReadAllText(path);
            }
            catch (IOException)
            {
                return "";      // the thread has ended meanwhile
            }
        }
    }

    [Fact]
    public void A_disposed_device_still_computes_on_the_calling_thread()
    {
        var cpu = new CpuDevice(2);
        cpu.Dispose();
        cpu.Dispose();
        var count = new int[1];
        cpu.For(10, 1, count, static (in int[] c, long begin, long end) => c[0]++);
        Assert.Equal(10, count[0]);
    }

    [Fact]
    public void Wrong_arguments_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new CpuDevice(-1));
        using var cpu = new CpuDevice(1);
        Assert.Throws<ArgumentOutOfRangeException>(() => cpu.For(-1, 1, 0, static (in int _, long begin, long end) => { }));
        Assert.Throws<ArgumentOutOfRangeException>(() => cpu.For(1, 0, 0, static (in int _, long begin, long end) => { }));
    }
}

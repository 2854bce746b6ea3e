using Engine.Kernels;
using Engine.Tensors;
using Xunit;

namespace Emulator.Tests;

/// <summary>Launches, uploads and graphs as a training step uses them: nothing allocated, nothing waited for, the same bits.</summary>
public sealed unsafe class SteadyWorkTests : IDisposable
{
    private static readonly string[] s_forbidden = ["Alloc", "Free", "Synchronize", "EventQuery", "cuMemcpyDtoH", "Create", "Destroy",
        "nvrtc", "cuModule", "cuFunc"];
    private readonly KernelFolder _folder = new();
    private readonly CudaDevice _gpu;

    public SteadyWorkTests(EmulatedDevice device)
    {
        Assert.NotNull(device.Gpu);
        _gpu = _folder.Open();
    }

    public void Dispose()
    {
        Engine.Kernels.Emulator.SetLazy(false);
        _gpu.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void A_steady_launch_allocates_nothing_and_calls_nothing_but_the_launch()
    {
        var x = Tensor.From<float>([4], [1, 2, 3, 4]).CopyTo(_gpu.Memory);
        var y = new Tensor([4], DType.F32, _gpu.Memory);
        void Step()
        {
            _gpu.Launch(_folder.Key, DType.F32, Dim3.Over(4, 4), 4, 0, [x, Arg.Accum(2), y, 4L], 1);
            _gpu.Launch(_folder.SharedSum, DType.F32, 1, 4, 60_000, [y, y, 4]);
            _gpu.Clear(y.Pointer, y.Bytes);
            _gpu.Copy(y.Pointer, x.Pointer, x.Bytes);
            using (_gpu.Range("step"))
            {
                _gpu.Launch(_folder.Key, DType.F32, 0, 4, 0, [x, Arg.Accum(2), y, 0L], 1);   // empty: no launch
            }
        }
        for (int i = 0; i < 50; i++)
        {
            Step();
        }
        Engine.Kernels.Emulator.ResetCalls();
        long launches = _gpu.Launches, before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
        {
            Step();
        }
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal(0, allocated);
        Assert.Equal(200, _gpu.Launches - launches);
        Assert.Equal(200, Engine.Kernels.Emulator.Calls("cuLaunchKernel"));
        Assert.DoesNotContain(s_forbidden, word => Engine.Kernels.Emulator.CallList.Contains(word, StringComparison.Ordinal));
    }

    [Fact]
    public void Steady_uploads_allocate_nothing_and_wait_for_nothing()
    {
        var x = new Tensor([1024], DType.F32, _gpu.Memory);
        float[] host = new float[1024];
        fixed (float* from = host)
        {
            for (int i = 0; i < 50; i++)
            {
                _gpu.Upload(x.Pointer, from, 4096);
            }
            _gpu.Synchronize();
            Engine.Kernels.Emulator.ResetCalls();
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 50; i++)
            {
                _gpu.Upload(x.Pointer, from, 4096);
            }
            Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        string calls = Engine.Kernels.Emulator.CallList;
        Assert.DoesNotContain(s_forbidden.Except(["EventQuery"]), word => calls.Contains(word, StringComparison.Ordinal));
        Assert.Equal(50, Engine.Kernels.Emulator.Calls("cuMemcpyHtoDAsync_v2"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Uploads_that_run_ahead_of_the_device_keep_their_content(bool lazy)
    {
        // The same host buffer is overwritten after every upload; 200 uploads are more than the ring has pieces.
        Engine.Kernels.Emulator.SetLazy(lazy, seed: 5);
        var x = new Tensor([256], DType.F32, _gpu.Memory);
        var all = new Tensor([200, 256], DType.F32, _gpu.Memory);
        float[] host = new float[256];
        fixed (float* from = host)
        {
            for (int i = 0; i < 200; i++)
            {
                host.AsSpan().Fill(i + 1);
                _gpu.Upload(x.Pointer, from, 1024);
                _gpu.Copy((byte*)all.Pointer + i * 1024, x.Pointer, 1024);
            }
        }
        var result = all.OnHost();
        for (int i = 0; i < 200 * 256; i++)
        {
            Assert.Equal(i / 256 + 1, result.Data<float>()[i]);
        }
    }

    [Fact]
    public void A_long_upload_goes_in_pieces_and_arrives_whole()
    {
        long count = 5_000_001;   // 20 MB: two and a half pieces
        var host = new Tensor([count], DType.F32);
        for (long i = 0; i < count; i++)
        {
            host.Data<float>()[i] = i % 8191;
        }
        var back = host.CopyTo(_gpu.Memory).OnHost();
        for (long i = 0; i < count; i++)
        {
            if (back.Data<float>()[i] != i % 8191)
            {
                Assert.Fail($"element {i} arrived as {back.Data<float>()[i]}");
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Copies_beside_the_work_are_waited_for_by_later_work(ulong seed)
    {
        Engine.Kernels.Emulator.SetLazy(true, seed);
        var x = new Tensor([4], DType.F32, _gpu.Memory);
        var y = new Tensor([4], DType.F32, _gpu.Memory);
        _gpu.Synchronize();
        float[] host = [1, 2, 3, 4];
        fixed (float* from = host)
        {
            _gpu.UploadAhead(x.Pointer, from, 16);
        }
        host.AsSpan().Clear();
        _gpu.JoinCopies();
        _gpu.Launch(_folder.Key, DType.F32, 1, 4, 0, [x, Arg.Accum(2), y, 4L], 1);
        Assert.Equal([2, 4, 6, 8], y.OnHost().ToArray<float>());
    }

    [Fact]
    public void A_captured_graph_replays_to_the_same_bits_with_the_uploads_it_recorded()
    {
        float[] host = [1, 2, 3, 4];
        var x = new Tensor([4], DType.F32, _gpu.Memory);
        var y = new Tensor([4], DType.F32, _gpu.Memory);
        var total = new Tensor([4], DType.F32, _gpu.Memory);
        void Step()
        {
            fixed (float* from = host)
            {
                _gpu.Upload(x.Pointer, from, 16);
            }
            _gpu.Launch(_folder.Key, DType.F32, 1, 4, 0, [x, Arg.Accum(3), y, 4L], 1);
            _gpu.Launch(_folder.Key, DType.F32, 1, 4, 0, [y, Arg.Accum(0.5), y, 4L], 1);
            _gpu.Copy(total.Pointer, y.Pointer, 16);
        }
        Step();
        var direct = total.OnHost();
        long launches = _gpu.Launches;
        _gpu.BeginCapture();
        Step();
        Assert.True(_gpu.Capturing);
        using var graph = _gpu.EndCapture();
        Assert.Equal(4, graph.Nodes);
        Assert.Equal(2, _gpu.Launches - launches);
        total.Clear();
        Assert.Equal([0, 0, 0, 0], total.OnHost().ToArray<float>());   // recording ran nothing

        host.AsSpan().Fill(77);
        fixed (float* from = host)
        {
            for (int i = 0; i < 100; i++)
            {
                _gpu.Upload(x.Pointer, from, 16);   // the ring goes on without touching the graph's piece
            }
        }
        Engine.Kernels.Emulator.ResetCalls();
        graph.Launch();
        graph.Launch();
        Assert.Equal(2, Engine.Kernels.Emulator.Calls("cuGraphLaunch"));
        Assert.Equal(0, Engine.Kernels.Emulator.Calls("cuLaunchKernel"));
        Assert.True(direct.HasBitsOf(total.OnHost()));
    }

    [Fact]
    public void A_host_read_or_a_capture_inside_a_capture_is_a_clear_error()
    {
        var x = new Tensor([1], DType.F32, _gpu.Memory);
        _gpu.BeginCapture();
        Assert.Contains("inside a capture", Assert.Throws<DwarfException>(() => x.Item()).Message);
        Assert.Contains("inside a capture", Assert.Throws<DwarfException>(_gpu.BeginCapture).Message);
        _gpu.EndCapture().Dispose();
        Assert.Contains("without its beginning", Assert.Throws<DwarfException>(_gpu.EndCapture).Message);
        Assert.Equal(0, x.Item());
    }

    [Fact]
    public void Ranges_carry_their_names_and_nest()
    {
        Engine.Kernels.Emulator.RecordRanges(true);
        using (_gpu.Range("layer_norm"))
        {
            using (_gpu.Range("copy"))
            {
            }
        }
        using (_gpu.Range("softmax"))
        {
        }
        Assert.Equal("layer_norm\n copy\nsoftmax\n", Engine.Kernels.Emulator.Ranges);
        Engine.Kernels.Emulator.RecordRanges(false);
    }

    [Fact]
    public void An_observer_sees_every_launch_with_its_sizes_and_arguments()
    {
        var x = new Tensor([4], DType.F32, _gpu.Memory);
        var seen = new List<string>();
        _gpu.Observer = (in LaunchInfo launch) =>
            seen.Add($"{launch.Kernel.Name} {launch.Grid}/{launch.Block}/{launch.SharedBytes} "
                + $"n={launch.Arguments[^1].Integer} of {launch.Parameters.Length}");
        _gpu.Launch(_folder.Key, DType.F32, 1, 4, 0, [x, Arg.Accum(2), x, 4L], 1);
        _gpu.Launch(_folder.SharedSum, DType.F32, 1, new Dim3(2, 2), 64, [x, x, 3]);
        Assert.Equal(["scale 1/4/0 n=4 of 4", "shared_sum 1/2x2/64 n=3 of 3"], seen);
    }

    [Fact]
    public void A_timer_measures_what_was_queued()
    {
        var x = new Tensor([4], DType.F32, _gpu.Memory);
        using var timer = _gpu.NewTimer();
        timer.Start();
        _gpu.Launch(_folder.Key, DType.F32, 1, 4, 0, [x, Arg.Accum(2), x, 4L], 1);
        Assert.InRange(timer.Stop(), 0, 10_000);
    }
}

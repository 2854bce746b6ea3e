using Engine.Kernels;
using Xunit;

namespace Emulator.Tests;

/// <summary>Streams, events, graphs and lazy execution by the plain entry points.</summary>
public sealed unsafe class CoreStreamTests : IDisposable
{
    private const int N = 5000;
    private readonly CoreModule _module;
    private readonly float[] _host = new float[N];
    private readonly ulong _x, _y, _sum;
    private readonly nint _first, _second, _event, _back;

    public CoreStreamTests(EmulatedDevice device)
    {
        Assert.NotNull(device.Gpu);
        _module = new CoreModule(Source);
        for (int i = 0; i < N; i++)
        {
            _host[i] = i * 37 % 101 * 0.01f;
        }
        (_x, _y, _sum) = (CoreModule.Allocate(N * 4), CoreModule.Allocate(N * 4), CoreModule.Allocate(4));
        nint made;
        CoreModule.Ok(CudaDriver.cuStreamCreate(&made, 1));
        _first = made;
        CoreModule.Ok(CudaDriver.cuStreamCreate(&made, 1));
        _second = made;
        CoreModule.Ok(CudaDriver.cuEventCreate(&made, 0));
        _event = made;
        CoreModule.Ok(CudaDriver.cuEventCreate(&made, 0));
        _back = made;
    }

    public void Dispose()
    {
        Engine.Kernels.Emulator.SetLazy(false);
        Engine.Kernels.Emulator.SetSeed(0);
        CudaDriver.cuStreamDestroy_v2(_first);
        CudaDriver.cuStreamDestroy_v2(_second);
        CudaDriver.cuEventDestroy_v2(_event);
        CudaDriver.cuEventDestroy_v2(_back);
        CudaDriver.cuMemFree_v2(_x);
        CudaDriver.cuMemFree_v2(_y);
        CudaDriver.cuMemFree_v2(_sum);
        _module.Dispose();
    }

    [Fact]
    public void Streams_that_wait_for_each_other_give_the_same_bits_in_any_lazy_order()
    {
        Step(wait: true);
        float expected = Result();
        Assert.True(expected > 0);
        for (int seed = 0; seed < 8; seed++)
        {
            Engine.Kernels.Emulator.SetLazy(true, (ulong)seed);
            Step(wait: true);
            Assert.Equal(expected, Result());
        }
    }

    [Fact]
    public void A_missing_wait_shows_in_lazy_execution()
    {
        Step(wait: true);
        float expected = Result();
        int wrong = 0;
        for (int seed = 0; seed < 8; seed++)
        {
            Engine.Kernels.Emulator.SetLazy(true, (ulong)seed);
            CoreModule.Upload(_y, new float[N]);
            Step(wait: false);
            wrong += Result() == expected ? 0 : 1;
            Engine.Kernels.Emulator.SetLazy(false);
        }
        Assert.True(wrong > 0, "no order of eight showed that a wait is missing");
    }

    [Fact]
    public void Lazy_work_is_not_done_before_something_waits_and_arguments_are_those_of_the_launch()
    {
        Engine.Kernels.Emulator.SetLazy(true, 3);
        float host = -7;
        Step(wait: true);
        CoreModule.Ok(CudaDriver.cuMemcpyDtoHAsync_v2(&host, _sum, 4, _first));
        Assert.Equal(-7, host);
        CoreModule.Ok(CudaDriver.cuEventRecord(_event, _first));
        int polls = 0;
        while (CudaDriver.cuEventQuery(_event) == CUresult.CUDA_ERROR_NOT_READY)
        {
            polls++;
            Assert.True(polls < 100, "polling an event does not end");
        }
        Assert.True(polls > 0);
        Assert.True(host > 0);
    }

    [Fact]
    public void A_captured_step_replays_to_the_same_bits_in_any_order_of_its_nodes()
    {
        Step(wait: true);
        float expected = Result();
        nint graph, executable;
        CoreModule.Ok(CudaDriver.cuStreamBeginCapture_v2(_first, CUstreamCaptureMode.GLOBAL));
        Step(wait: true);
        CoreModule.Ok(CudaDriver.cuStreamEndCapture(_first, &graph));
        nuint nodes = 0;
        CoreModule.Ok(CudaDriver.cuGraphGetNodes(graph, null, &nodes));
        Assert.Equal((nuint)4, nodes);
        CoreModule.Ok(CudaDriver.cuGraphInstantiateWithFlags(&executable, graph, 0));
        CoreModule.Ok(CudaDriver.cuGraphDestroy(graph));
        for (int seed = 0; seed < 3; seed++)
        {
            Engine.Kernels.Emulator.SetSeed((ulong)seed);
            CoreModule.Upload(_sum, new float[1]);
            CoreModule.Ok(CudaDriver.cuGraphLaunch(executable, _first));
            Assert.Equal(expected, Result());
        }
        CoreModule.Ok(CudaDriver.cuGraphExecDestroy(executable));
    }

    [Fact]
    public void A_capture_refuses_what_a_graph_cannot_hold()
    {
        nint graph;
        ulong address;
        CoreModule.Ok(CudaDriver.cuStreamBeginCapture_v2(_first, CUstreamCaptureMode.GLOBAL));
        Assert.Equal(900, (int)CudaDriver.cuMemAlloc_v2(&address, 64));
        Assert.Equal(901, (int)CudaDriver.cuStreamEndCapture(_first, &graph));

        CoreModule.Ok(CudaDriver.cuStreamBeginCapture_v2(_first, CUstreamCaptureMode.RELAXED));
        Assert.Equal(900, (int)CudaDriver.cuStreamSynchronize(_first));
        Assert.Equal(901, (int)CudaDriver.cuStreamEndCapture(_first, &graph));

        // work of another stream that the first never waits for
        CoreModule.Ok(CudaDriver.cuStreamBeginCapture_v2(_first, CUstreamCaptureMode.GLOBAL));
        CoreModule.Ok(CudaDriver.cuEventRecord(_event, _first));
        CoreModule.Ok(CudaDriver.cuStreamWaitEvent(_second, _event, 0));
        CoreModule.Ok(_module.Launch("sum", 1, 256, _second, _y, _sum, N));
        Assert.Equal(904, (int)CudaDriver.cuStreamEndCapture(_first, &graph));

        Step(wait: true);      // and all works again
        Assert.True(Result() > 0);
    }

    private void Step(bool wait)
    {
        fixed (float* from = _host)
        {
            CoreModule.Ok(CudaDriver.cuMemcpyHtoDAsync_v2(_x, from, N * 4, _first));
            CoreModule.Ok(CudaDriver.cuMemcpyHtoDAsync_v2(_y, from, N * 4, _first));
        }
        CoreModule.Ok(CudaDriver.cuEventRecord(_event, _first));
        if (wait)
        {
            CoreModule.Ok(CudaDriver.cuStreamWaitEvent(_second, _event, 0));
        }
        CoreModule.Ok(_module.Launch("scale_add", (N + 127) / 128, 128, _second, _y, _x, 1.5f, N));
        CoreModule.Ok(CudaDriver.cuEventRecord(_back, _second));
        if (wait)
        {
            CoreModule.Ok(CudaDriver.cuStreamWaitEvent(_first, _back, 0));
        }
        CoreModule.Ok(_module.Launch("sum", 1, 256, _first, _y, _sum, N));
    }

    private float Result()
    {
        float sum;
        CoreModule.Ok(CudaDriver.cuMemcpyDtoHAsync_v2(&sum, _sum, 4, _first));
        CoreModule.Ok(CudaDriver.cuStreamSynchronize(_first));
        CoreModule.Ok(CudaDriver.cuStreamSynchronize(_second));
        return sum;
    }

    private const string Source = """
        extern "C" __global__ void scale_add(float* y, const float* x, float a, int n)
        {
            int i = blockIdx.x * blockDim.x + threadIdx.x;
            if (i < n) y[i] = y[i] * a + x[i];
        }
        extern "C" __global__ void sum(const float* x, float* y, int n)
        {
            __shared__ float parts[8];
            float v = 0;
            for (int i = threadIdx.x; i < n; i += blockDim.x) v += x[i];
            for (int step = 16; step > 0; step >>= 1) v += __shfl_down_sync(0xffffffffu, v, step);
            if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = v;
            __syncthreads();
            if (threadIdx.x != 0) return;
            v = 0;
            for (int i = 0; i < 8; i++) v += parts[i];
            y[0] = v;
        }
        """;
}

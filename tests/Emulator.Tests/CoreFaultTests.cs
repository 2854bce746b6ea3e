using Engine.Kernels;
using Xunit;

namespace Emulator.Tests;

/// <summary>No kernel ends the process: the launch fails with kind, line, block and thread, and the next one works.</summary>
public sealed class CoreFaultTests : IDisposable
{
    private readonly CoreModule _module;
    private readonly ulong _memory;

    public CoreFaultTests(EmulatedDevice device)
    {
        Assert.NotNull(device.Gpu);
        _module = new CoreModule(Source);
        _memory = CoreModule.Allocate(4096);
        CoreModule.Upload(_memory, new int[64]);
    }

    public void Dispose()
    {
        Engine.Kernels.Emulator.ResetFault();
        Engine.Kernels.Emulator.SetTimeLimit(0);
        Engine.Kernels.Emulator.SetSeed(0);
        CudaDriver.cuMemFree_v2(_memory);
        _module.Dispose();
    }

    [Theory]
    [InlineData("wild", 700, "illegal-address", 3, 7)]
    [InlineData("null_pointer", 700, "illegal-address", 0, 0)]
    [InlineData("past", 700, "illegal-address", 0, 0)]
    [InlineData("recursion", 700, "illegal-address", 0, 0)]
    [InlineData("jump", 700, "illegal-address", 0, 0)]
    [InlineData("divide", 719, "trap", 0, 0)]
    [InlineData("trap", 719, "trap", 0, 5)]
    [InlineData("failed_assert", 710, "assert", 0, 40)]
    [InlineData("crossed", 719, "deadlock", 0, null)]
    [InlineData("kinds", 719, "absent-lane", 0, null)]
    [InlineData("not_in_mask", 719, "absent-lane", 0, 1)]
    [InlineData("forever", 702, "deadlock", 0, null)]
    [InlineData("forever_with_barriers", 702, "deadlock", 0, null)]
    public void A_fault_names_kernel_line_block_and_thread_and_the_next_launch_works(
        string kernel, int status, string kind, int block, int? thread)
    {
        Engine.Kernels.Emulator.SetTimeLimit(0.3);
        var found = _module.Launch(kernel, 8, 64, 0, _memory);
        Assert.Equal(status, (int)found);
        var fault = Engine.Kernels.Emulator.Fault!;
        Assert.Equal((status, kind, kernel), (fault.Status, fault.Kind, fault.Kernel));
        Assert.Equal(new Dim3((uint)block, 0, 0), fault.Block);
        if (thread is { } expected)
        {
            Assert.Equal((uint)expected, fault.Thread.X);
        }
        // no line where there is no code, and any of the function's lines where it calls itself
        if (kernel is not ("jump" or "recursion"))
        {
            Assert.Equal("core.cu", fault.File);
            Assert.Equal(LineOf(kernel), fault.Line);
        }
        Assert.Equal(status, (int)CudaDriver.cuCtxSynchronize());      // sticky, as on a GPU
        Engine.Kernels.Emulator.ResetFault();
        CoreModule.Ok(_module.Launch("fine", 3, 64, 0, _memory));
        Assert.Equal(63, CoreModule.Download<int>(_memory, 64)[63]);
    }

    [Fact]
    public void A_grid_of_a_hundred_billion_blocks_ends_at_the_time_limit()
    {
        Engine.Kernels.Emulator.SetTimeLimit(0.2);
        Assert.Equal(702, (int)_module.Launch("fine", new Dim3(2147483647, 65535), 1, 0, _memory));
        Assert.Equal("deadlock", Engine.Kernels.Emulator.Fault!.Kind);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    public void Memory_that_was_freed_is_nobodys(int seed)
    {
        Engine.Kernels.Emulator.SetSeed((ulong)seed);
        ulong gone = CoreModule.Allocate(1 << 20);
        CoreModule.Ok(CudaDriver.cuMemFree_v2(gone));
        Assert.Equal(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS, _module.Launch("fine", 1, 64, 0, gone));
    }

    [Fact]
    public void Managed_null_references_and_garbage_collections_go_on_beside_launches()
    {
        Assert.Equal(700, (int)_module.Launch("wild", 8, 64, 0, _memory));
        Engine.Kernels.Emulator.ResetFault();
        using var stop = new CancellationTokenSource();
        long handled = 0;
        var other = new Thread(() =>
        {
            string? nothing = Environment.GetEnvironmentVariable("DWARF_NO_SUCH_VARIABLE");
            while (!stop.IsCancellationRequested)
            {
                try
                {
                    handled -= nothing!.Length;
                }
                catch (NullReferenceException)
                {
                    handled++;
                }
                if (handled % 100 == 0)
                {
                    GC.Collect();
                }
            }
        });
        other.Start();
        for (int i = 0; i < 300; i++)
        {
            CoreModule.Ok(_module.Launch("fine", 8, 64, 0, _memory));
        }
        stop.Cancel();
        other.Join();
        Assert.True(handled > 0, "no null reference was handled");
        Assert.Equal(63, CoreModule.Download<int>(_memory, 64)[63]);
    }

    [Fact]
    public void A_call_that_the_emulator_lacks_says_its_name()
    {
        var handle = System.Runtime.InteropServices.NativeLibrary.Load(EmulatorBuild.Ensure().Library);
        var call = System.Runtime.InteropServices.NativeLibrary.GetExport(handle, "cuMemAllocManaged");
        unsafe
        {
            Assert.Equal(801, ((delegate* unmanaged<int>)call)());
        }
        Assert.Equal("the emulator has no cuMemAllocManaged", Engine.Kernels.Emulator.Why);
    }

    private static int LineOf(string kernel)
    {
        string[] lines = Source.Split('\n');
        int start = Array.FindIndex(lines, line => line.Contains($" {kernel}(", StringComparison.Ordinal));
        return Array.FindIndex(lines, start, line => line.Contains("// here", StringComparison.Ordinal)) + 1;
    }

    private const string Source = """
        extern "C" __global__ void fine(int* y) { y[threadIdx.x] = threadIdx.x; __syncthreads(); }
        extern "C" __global__ void wild(int* y)
        {
            if (blockIdx.x == 3 && threadIdx.x == 7)
                *(int*)0x12345678000 = 1;  // here
            y[0] = 1;
        }
        extern "C" __global__ void null_pointer(int* y)
        {
            int* p = 0;
            p[threadIdx.x] = 3;  // here
        }
        extern "C" __global__ void past(int* y)
        {
            y[threadIdx.x + 1024] = 3;  // here
        }
        __device__ __noinline__ int deeper(int n)
        {
            volatile int a[64];
            a[n & 63] = n;
            return n == -1 ? 0 : deeper(n + 1) + a[n & 63];
        }
        extern "C" __global__ void recursion(int* y) { y[0] = deeper(1); }
        extern "C" __global__ void jump(int* y)
        {
            void (*f)() = (void (*)())y;
            f();
        }
        extern "C" __global__ void divide(int* y)
        {
            y[0] = 5 / y[1];  // here
        }
        extern "C" __global__ void trap(int* y)
        {
            if (threadIdx.x == 5) __trap();  // here
        }
        extern "C" __global__ void failed_assert(int* y)
        {
            assert(threadIdx.x < 40);  // here
        }
        extern "C" __global__ void crossed(int* y)
        {
            if (threadIdx.x & 1) __syncwarp();
            else __syncthreads();  // here
        }
        extern "C" __global__ void kinds(int* y)
        {
            if (threadIdx.x & 1) __syncwarp();  // here
            else y[0] = __shfl_sync(0xffffffffu, 3, 0);
        }
        extern "C" __global__ void not_in_mask(int* y)
        {
            y[0] = __shfl_sync(1u, 3, 0);  // here
        }
        extern "C" __global__ void forever(volatile int* y)
        {
            while (y[0] != 12345) {}  // here
        }
        extern "C" __global__ void forever_with_barriers(volatile int* y)
        {
            while (y[0] != 12345) __syncthreads();  // here
        }
        """;
}

using Engine.Kernels;
using Xunit;

namespace Emulator.Tests;

/// <summary>Barriers, collectives, atomics, shared memory against CUDA's documents, for any order and number of workers.</summary>
public sealed class CoreCollectiveTests : IDisposable
{
    private const int Threads = 96;

    public CoreCollectiveTests(EmulatedDevice device) => Assert.NotNull(device.Gpu);

    public void Dispose()
    {
        Engine.Kernels.Emulator.SetSeed(0);
        Engine.Kernels.Emulator.SetWorkers(0);
    }

    /// <summary>Seed of the scheduler and number of workers.</summary>
    public static TheoryData<int, int> Orders => new() { { 0, 1 }, { 0, 3 }, { 1, 2 }, { 77, 2 }, { 123456, 4 } };

    [Fact]
    public void The_self_test_passes() => Assert.Equal(0, Engine.Kernels.Emulator.SelfTest());

    [Theory, MemberData(nameof(Orders))]
    public void Every_warp_collective_gives_what_the_documents_say(int seed, int workers)
    {
        Set(seed, workers);
        using var module = new CoreModule(Collectives);
        ulong y = CoreModule.Allocate(Threads * 16 * sizeof(int));
        CoreModule.Ok(module.Launch("collectives", 1, Threads, 0, y));
        int[] found = CoreModule.Download<int>(y, Threads * 16);
        CudaDriver.cuMemFree_v2(y);
        for (int t = 0; t < Threads; t++)
        {
            int lane = t & 31, first = t - lane;
            int V(int at) => (first + at) * 7 % 23;
            int[] all = [.. Enumerable.Range(0, 32).Select(V)];
            int half = lane & 16;
            int[] expected =
            [
                V(lane * 5 & 31), V(half | (3 + lane & 15)), lane < 3 ? V(lane) : V(lane - 3),
                lane + 2 > (half | 15) ? V(lane) : V(lane + 2), V(lane ^ 9),
                (int)Bits(i => V(i) > 10), all.Any(v => v == 22) ? 1 : 0, all.All(v => v >= 0) ? 1 : 0,
                (int)Bits(i => V(i) % 3 == V(lane) % 3),
                all.Sum(), all.Min(), all.Max(), (int)all.Aggregate(0u, (a, v) => a ^ (uint)v),
                lane < 8 ? Enumerable.Range(0, 8).Sum(V) : -1, Enumerable.Range(0, Threads).Count(i => i * 7 % 23 > 10), 1,
            ];
            uint Bits(Func<int, bool> which) => Enumerable.Range(0, 32).Where(which).Aggregate(0u, (mask, i) => mask | 1u << i);
            Assert.Equal(expected, found[(t * 16)..(t * 16 + 16)]);
        }
    }

    [Theory, MemberData(nameof(Orders))]
    public void Counters_and_the_last_block_give_the_same_sum_in_any_order(int seed, int workers)
    {
        Set(seed, workers);
        using var module = new CoreModule(LastBlock);
        const int Blocks = 41;
        ulong partial = CoreModule.Allocate(Blocks * 4), y = CoreModule.Allocate(8);
        for (int repeat = 0; repeat < 2; repeat++)
        {
            CoreModule.Upload(y, new float[2]);
            CoreModule.Ok(module.Launch("last_block", Blocks, 64, 0, partial, y));
            float[] found = CoreModule.Download<float>(y, 2);
            // in the order of blocks whatever runs first, so the bits are these
            float expected = 0;
            for (int b = 0; b < Blocks; b++)
            {
                expected += 0.1f * b;
            }
            Assert.Equal(BitConverter.SingleToInt32Bits(expected), BitConverter.SingleToInt32Bits(found[0]));
            Assert.Equal(64 * Blocks, found[1]);
        }
        CudaDriver.cuMemFree_v2(partial);
        CudaDriver.cuMemFree_v2(y);
    }

    [Theory, MemberData(nameof(Orders))]
    public void Threads_that_wait_for_a_threads_atomic_write_come_on(int seed, int workers)
    {
        Set(seed, workers);
        using var module = new CoreModule("""
            extern "C" __global__ void handshake(int* y)
            {
                if (threadIdx.x == 0) while (atomicAdd(&y[blockIdx.x], 0) == 0) {}
                else if (threadIdx.x == 40) atomicExch(&y[blockIdx.x], 1);
            }
            """);
        ulong y = CoreModule.Allocate(64);
        CoreModule.Upload(y, new int[16]);
        CoreModule.Ok(module.Launch("handshake", 16, 64, 0, y));
        Assert.All(CoreModule.Download<int>(y, 16), v => Assert.Equal(1, v));
        CudaDriver.cuMemFree_v2(y);
    }

    [Fact]
    public void Mathematics_takes_mixed_arguments_as_students_write_them()
    {
        using var module = new CoreModule("""
            extern "C" __global__ void mixed(double* y, int n)
            {
                float x = 2.0f;
                y[0] = pow(x, 2.0) + pow(2, 3) + pow(n, 0.5f);
                y[1] = sqrt(n) + fabs(-n) + fmax(x, 1.0) + fmin(1, x) + fmod(n, 2) + max(x, 1.0);
                y[2] = __float2int_rn(2.5f) + __float2int_rz(-2.5f) + __double2int_ru(1e30) * 0.0;
                y[3] = __popc(255u) + __clz(1) + __ffs(8) + __brev(1u) / 2147483648.0 + __byte_perm(0x11223344u, 0u, 0x0000u);
                y[4] = __dp4a(0x01020304, 0x01010101, 5) + __umulhi(0x80000000u, 4u) + __funnelshift_l(0x80000000u, 1u, 1);
            }
            """);
        ulong y = CoreModule.Allocate(5 * 8);
        CoreModule.Ok(module.Launch("mixed", 1, 1, 0, y, 9));
        double[] expected = [4 + 8 + 3, 3 + 9 + 2 + 1 + 1 + 2, 0, 8 + 31 + 4 + 1 + 0x44444444, 15 + 2 + 3];
        Assert.Equal(expected, CoreModule.Download<double>(y, 5));
        CudaDriver.cuMemFree_v2(y);
    }

    [Fact]
    public void Inline_PTX_is_refused_with_its_line()
    {
        using var module = new CoreModule("extern \"C\" __global__ void k(int* y)\n{\n    asm volatile(\"exit;\");\n}\n");
        Assert.Contains("core.cu:3:", module.Log);
        Assert.Contains("inline PTX does not run on the emulator", module.Log);
    }

    [Theory, MemberData(nameof(Orders))]
    public void A_lock_that_threads_of_many_blocks_take_in_turn_ends(int seed, int workers)
    {
        Set(seed, workers);
        using var module = new CoreModule(SpinLock);
        ulong y = CoreModule.Allocate(8);
        CoreModule.Upload(y, new int[2]);
        CoreModule.Ok(module.Launch("spin_lock", 20, 96, 0, y));
        Assert.Equal(20 * 32, CoreModule.Download<int>(y, 2)[1]);
        CudaDriver.cuMemFree_v2(y);
    }

    [Fact]
    public void Shared_memory_is_declared_as_students_declare_it()
    {
        using var module = new CoreModule(Declarations, "space::scale<float, 64>");
        ulong y = CoreModule.Allocate(64 * 4);
        CoreModule.Ok(module.LaunchShared("declarations", 1, 32, 256, 0, y));
        Assert.Equal([7 + 5 + 3 + 1 + 9, 32 * 34 * 2, 1, 11], CoreModule.Download<int>(y, 4));
        CoreModule.Upload(y, Enumerable.Range(0, 64).Select(i => (float)i).ToArray());
        CoreModule.Ok(module.Launch(module.LoweredName, 1, 64, 0, y, 2.5f));
        Assert.Equal(63 * 2.5f, CoreModule.Download<float>(y, 64)[63]);
        CudaDriver.cuMemFree_v2(y);
    }

    [Fact]
    public void Shared_memory_that_nobody_wrote_reads_as_NaN()
    {
        using var module = new CoreModule("""
            extern "C" __global__ void leftovers(float* y, int write)
            {
                __shared__ float a[64];
                if (write) a[threadIdx.x] = 1.0f;
                y[threadIdx.x] = a[threadIdx.x];
            }
            """);
        ulong y = CoreModule.Allocate(64 * 4);
        CoreModule.Ok(module.Launch("leftovers", 1, 64, 0, y, 1));
        Assert.All(CoreModule.Download<float>(y, 64), v => Assert.Equal(1, v));
        CoreModule.Ok(module.Launch("leftovers", 1, 64, 0, y, 0));
        Assert.All(CoreModule.Download<float>(y, 64), v => Assert.True(float.IsNaN(v)));
        CudaDriver.cuMemFree_v2(y);
    }

    private static void Set(int seed, int workers)
    {
        Engine.Kernels.Emulator.SetSeed((ulong)seed);
        Engine.Kernels.Emulator.SetWorkers(workers);
        Assert.Equal(workers, Engine.Kernels.Emulator.Workers);
    }

    private const string Collectives = """
        extern "C" __global__ void collectives(int* y)
        {
            unsigned full = 0xffffffffu;
            int t = threadIdx.x, lane = t & 31, v = t * 7 % 23, i = t * 16;
            y[i++] = __shfl_sync(full, v, lane * 5);
            y[i++] = __shfl_sync(full, v, lane + 3, 16);
            y[i++] = __shfl_up_sync(full, v, 3);
            y[i++] = __shfl_down_sync(full, v, 2, 16);
            y[i++] = __shfl_xor_sync(full, v, 9);
            y[i++] = (int)__ballot_sync(full, v > 10);
            y[i++] = __any_sync(full, v == 22);
            y[i++] = __all_sync(full, v >= 0);
            y[i++] = (int)__match_any_sync(full, v % 3);
            y[i++] = __reduce_add_sync(full, v);
            y[i++] = __reduce_min_sync(full, v);
            y[i++] = __reduce_max_sync(full, v);
            y[i++] = (int)__reduce_xor_sync(full, (unsigned)v);
            int part = -1;
            if (lane < 8)                       // a part of the warp by itself
            {
                part = v;
                for (int step = 4; step > 0; step >>= 1) part += __shfl_xor_sync(0xffu, part, step);
            }
            y[i++] = part;
            y[i++] = __syncthreads_count(v > 10);
            y[i] = __syncthreads_and(v >= 0) && !__syncthreads_or(v > 100);
        }
        """;

    private const string LastBlock = """
        __device__ unsigned int arrived;
        extern "C" __global__ void last_block(float* partial, float* y)
        {
            __shared__ bool last;
            atomicAdd(&y[1], 1.0f);
            if (threadIdx.x == 0)
            {
                partial[blockIdx.x] = 0.1f * blockIdx.x;
                __threadfence();
                last = atomicInc(&arrived, gridDim.x - 1) == gridDim.x - 1;
            }
            __syncthreads();
            if (!last || threadIdx.x != 0) return;
            float sum = 0;
            for (unsigned b = 0; b < gridDim.x; b++) sum += ((volatile float*)partial)[b];
            y[0] = sum;
        }
        """;

    private const string SpinLock = """
        extern "C" __global__ void spin_lock(int* y)
        {
            if (threadIdx.x % 3 != 0) return;
            while (atomicCAS(&y[0], 0, 1) != 0) {}
            volatile int* count = &y[1];
            *count = *count + 1;
            __threadfence();
            atomicExch(&y[0], 0);
        }
        """;

    private const string Declarations = """
        #define WIDTH 2
        extern __shared__ float everything[];
        template <typename T> __device__ T nine() { __shared__ T keep[2]; keep[0] = T(9); return keep[0]; }
        extern "C" __global__ void declarations(int* y)
        {
            __shared__ unsigned short tile[32][WIDTH == 2 ? 34 : 33];
            __shared__ __align__(16) struct { int q; float r; } items[3], single;
            static __shared__ volatile int flag;
            extern __shared__ float2 pairs[];
            if (threadIdx.x == 0)
            {
                tile[1][33] = 7;
                items[2].q = 5;
                flag = 3;
                single.q = 1;
                pairs[0].x = 11.0f;
            }
            __syncthreads();
            if (threadIdx.x == 1)
            {
                y[0] = tile[1][33] + items[2].q + flag + single.q + nine<int>();
                y[1] = sizeof(tile);
                y[2] = (size_t)&items[0] % 16 == 0;
                y[3] = (int)everything[0];
            }
        }
        namespace space
        {
        template <typename T, int N> __global__ void scale(T* x, T by)
        {
            __shared__ T tile[N];
            tile[threadIdx.x] = x[threadIdx.x];
            __syncthreads();
            x[threadIdx.x] = tile[threadIdx.x] * by;
        }
        }
        """;
}

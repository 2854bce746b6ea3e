// The emulator proves itself on the caller's machine: a bug of ours inside a launch could else look like a kernel's fault.
#include <cstring>
#include <vector>

#include "compile.h"
#include "control.h"
#include "driver.h"
#include "fault.h"
#include "module.h"
#include "pool.h"

using namespace dwarf;

namespace
{

const char* const source = R"(
extern "C" __global__ void rotate(const int* x, int* y, int n)
{
    __shared__ int tile[96];
    int t = threadIdx.x, i = blockIdx.x * blockDim.x + t;
    tile[t] = i < n ? x[i] : 0;
    __syncthreads();
    int next = tile[(t + 1) % blockDim.x];
    int sum = next;
    for (int step = 16; step > 0; step >>= 1) sum += __shfl_xor_sync(0xffffffffu, sum, step);
    int votes = __popc(__ballot_sync(0xffffffffu, next % 3 == 0));
    if (i < n) y[i] = next + 1000 * sum + 10000000 * votes;
}
)";

int expected(const int* block, int t)
{
    int sum = 0, votes = 0;
    for (int lane = 0; lane < 32; lane++)
    {
        int next = block[(t / 32 * 32 + lane + 1) % 96];
        sum += next;
        votes += next % 3 == 0;
    }
    return block[(t + 1) % 96] + 1000 * sum + 10000000 * votes;
}

}

extern "C" EXPORT int dwarf_emu_self_test()
{
    Compilation what;
    what.source = source;
    what.name = "self-test.cu";
    std::string binary, log, why;
    if (!compile(what, binary, log)) return 1;
    Module* module = nullptr;
    if (load_module(binary.data(), &module, why) != 0) return 2;
    auto found = module->kernels.find("rotate");
    if (found == module->kernels.end()) return 3;
    constexpr int blocks = 7, threads = 96;
    int n = blocks * threads, wrong = 0;
    std::vector<int> x(size_t(n), 0), y(size_t(n), -1);
    for (int i = 0; i < n; i++) x[size_t(i)] = (i * 37 + 11) % 101;
    const int* from = x.data();
    int* to = y.data();
    uint64_t before = scheduler_seed;
    for (uint64_t seed : {uint64_t(0), uint64_t(1), uint64_t(99)})
    {
        scheduler_seed = seed;
        memset(to, 0, size_t(n) * sizeof(int));
        void* arguments[] = {&from, &to, &n};
        Launch launch{found->second, dim3(blocks), dim3(threads), 0, arguments, 0};
        if (run_launch(launch) != 0) wrong++;
        for (int i = 0; i < n; i++) wrong += to[i] != expected(from + i / threads * threads, i % threads);
    }
    scheduler_seed = before;
    unload_module(module);
    return wrong == 0 ? 0 : 4;
}

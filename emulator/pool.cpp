#include "pool.h"

#include <algorithm>
#include <chrono>
#include <climits>
#include <linux/futex.h>
#include <mutex>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>

#include "hooks.h"

namespace dwarf
{

namespace
{

using Clock = std::chrono::steady_clock;

struct Job
{
    bool (*task)(void*, Worker&, int64_t);
    void* context;
    int64_t count;
    std::atomic<int64_t> next{0}, done{0};
    std::atomic<bool> stop{false};
};

struct Pool
{
    std::mutex callers;                   // one job at a time
    Job* job = nullptr;
    uint64_t number = 0;
    std::atomic<uint32_t> active{0};      // workers that were offered the job and have neither finished nor been relieved of it
    int wanted = 0;
    std::vector<Worker*> workers;
    std::vector<pthread_t> threads;
};

// Leaked: workers outlive static destructors.
Pool& pool()
{
    static Pool* instance = new Pool;
    return *instance;
}

void futex_wait(std::atomic<uint32_t>& word, uint32_t value, const timespec* time)
{
    syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, value, time, nullptr, 0);
}

void futex_wake(std::atomic<uint32_t>& word) { syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0); }

double time_limit = 0;
constexpr int Spins = 1000;

inline void pause() { __builtin_ia32_pause(); }

void work(Job& job, Worker& worker)
{
    for (;;)
    {
        if (job.stop.load(std::memory_order_relaxed)) return;
        int64_t index = job.next.fetch_add(1, std::memory_order_relaxed);
        if (index >= job.count) return;
        if (!job.task(job.context, worker, index)) job.stop = true;
        job.done.fetch_add(1, std::memory_order_acq_rel);
    }
}

void* worker_main(void* argument)
{
    Worker& worker = *static_cast<Worker*>(argument);
    this_worker = &worker;
    install_alternate_stack();
    Pool& p = pool();
    for (;;)
    {
        uint32_t calls = worker.calls.load();
        uint64_t order = worker.order.load();
        // A short spin first: a step is hundreds of small launches, and waking a sleeper costs more than most of them.
        for (int i = 0; i < Spins && order == 0; i++)
        {
            pause();
            order = worker.order.load(std::memory_order_acquire);
        }
        if (order == 0)
        {
            worker.sleeping = true;
            if (worker.order.load() == 0) futex_wait(worker.calls, calls, nullptr);
            worker.sleeping = false;
            continue;
        }
        if (!worker.order.compare_exchange_strong(order, order | 1)) continue;     // relieved: the others were faster
        work(*p.job, worker);
        worker.order = 0;
        if (p.active.fetch_sub(1) == 1) futex_wake(p.active);
    }
    return nullptr;
}

void start_worker(Pool& p)
{
    Worker* worker = new Worker();
    worker->index = int(p.workers.size());
    worker->threads = new Thread[MaxThreads]();
    worker->warps = new Warp[MaxWarps]();
    // Addresses of nobody lie on both sides: what overruns shared memory hits nothing.
    void* range = mmap(nullptr, SharedBytes + 2 * SharedMargin, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    worker->shared = static_cast<char*>(range) + SharedMargin;
    mprotect(worker->shared, SharedBytes, PROT_READ | PROT_WRITE);
    worker->prepared = ~0ull;
    pthread_t thread;
    pthread_create(&thread, nullptr, worker_main, worker);
    pthread_detach(thread);
    p.workers.push_back(worker);
    p.threads.push_back(thread);
}

void start_workers(Pool& p)
{
    if (p.wanted == 0)
    {
        int processors = int(std::thread::hardware_concurrency());
        p.wanted = processors < 1 ? 1 : processors > 32 ? 32 : processors;
    }
    while (int(p.workers.size()) < p.wanted) start_worker(p);
}

// All tasks done or stopped, and no worker looks at the job any more. False when the time is over.
bool wait_for(Pool& p, Job& job, bool limited, Clock::time_point deadline)
{
    auto over = [&] { return job.done.load(std::memory_order_acquire) == job.count || job.stop.load(std::memory_order_acquire); };
    for (int i = 0; i < Spins && !over(); i++) pause();
    for (;;)
    {
        if (over())
        {
            // who has not come yet need not come
            for (Worker* worker : p.workers)
            {
                uint64_t offered = p.number * 2;
                if (worker->order.load() == offered && worker->order.compare_exchange_strong(offered, 0)) p.active.fetch_sub(1);
            }
        }
        uint32_t active = p.active.load();
        if (active == 0) return true;
        timespec time{0, 1000000};
        if (limited)
        {
            auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(deadline - Clock::now()).count();
            if (left <= 0) return false;
            time.tv_sec = left / 1000000000;
            time.tv_nsec = left % 1000000000;
        }
        if (over()) for (int i = 0; i < Spins && p.active.load() == active; i++) pause();
        if (p.active.load() == active) futex_wait(p.active, active, limited ? &time : nullptr);
    }
}

}

int worker_count()
{
    Pool& p = pool();
    std::lock_guard<std::mutex> guard(p.callers);
    if (p.wanted == 0) start_workers(p);
    return p.wanted;
}

void set_worker_count(int count)
{
    Pool& p = pool();
    std::lock_guard<std::mutex> guard(p.callers);
    p.wanted = count < 0 ? 0 : count > 32 ? 32 : count;
}

void set_time_limit(double seconds) { time_limit = seconds; }

// On at most `most` workers.
static bool run_limited(bool (*task)(void*, Worker&, int64_t), void* context, int64_t count, int64_t most, double seconds, bool* late = nullptr)
{
    if (count <= 0) return true;
    Pool& p = pool();
    std::lock_guard<std::mutex> turn(p.callers);
    start_workers(p);
    Job job{task, context, count};
    int64_t share = std::min(std::min(count, most), int64_t(p.wanted));
    p.job = &job;
    p.number++;
    p.active = uint32_t(share);
    for (int64_t i = 0; i < share; i++)
    {
        Worker& worker = *p.workers[size_t(i)];
        worker.order = p.number * 2;
        worker.calls++;
        if (worker.sleeping) futex_wake(worker.calls);
    }
    Clock::time_point deadline = Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
    while (!wait_for(p, job, seconds > 0, deadline))
    {
        // Stop what still runs; again in a while, should it have been where it may not be stopped.
        job.stop = true;
        if (late) *late = true;
        for (size_t i = 0; i < p.workers.size(); i++)
            if (p.workers[i]->in_kernel) interrupt_worker(p.threads[i]);
        deadline = Clock::now() + std::chrono::milliseconds(100);
    }
    return !job.stop.load();
}

bool run_job(bool (*task)(void*, Worker&, int64_t), void* context, int64_t count) { return run_limited(task, context, count, count, 0); }

int run_launch(Launch& launch)
{
    struct Call
    {
        const Launch* launch;
        int64_t count;
        uint64_t stride, first;

        static bool run(void* context, Worker& worker, int64_t index)
        {
            Call& call = *static_cast<Call*>(context);
            uint64_t number = (uint64_t(index) * call.stride + call.first) % uint64_t(call.count);
            worker.turn = index;
            return run_block(worker, *call.launch, number);
        }
    };
    static std::atomic<uint64_t> launches{0};
    static std::mutex order;
    std::lock_guard<std::mutex> guard(order);
    launch.number = launches++;
    install_handlers();
    Call call{&launch, int64_t(launch.grid.x) * launch.grid.y * launch.grid.z, 1, 0};
    uint64_t seed = scheduler_seed;
    if (seed != 0)
    {
        // another order of blocks: a step that shares no factor with their number visits each once
        auto gcd = [](uint64_t a, uint64_t b) { while (b != 0) { uint64_t rest = a % b; a = b; b = rest; } return a; };
        call.first = seed % uint64_t(call.count);
        call.stride = (seed * 2654435761u) % uint64_t(call.count) | 1;
        while (gcd(call.stride, uint64_t(call.count)) != 1) call.stride++;
    }
    if (hooks.launch_begin) hooks.launch_begin(launch);
    // few threads are done before a second worker is awake
    int64_t threads = call.count * launch.block.x * launch.block.y * launch.block.z;
    bool late = false;
    run_limited(&Call::run, &call, call.count, threads < 512 ? 1 : call.count, time_limit, &late);
    // between two blocks there was nobody to interrupt
    if (late && sticky_status() == 0) record_fault(nullptr, 702, "deadlock", launch.kernel->name + ": " + interrupt_reason, nullptr, 0, nullptr);
    if (hooks.launch_end) hooks.launch_end(launch);
    return sticky_status();
}

}

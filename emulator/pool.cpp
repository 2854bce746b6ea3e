#include "pool.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <thread>

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
    std::mutex lock;                      // of all that follows
    std::condition_variable wake, finished;
    std::atomic<uint64_t> generation{0};
    Job* job = nullptr;
    int joined = 0, sleeping = 0, wanted = 0;
    bool waits = false;                   // the caller sleeps on `finished`
    std::vector<Worker*> workers;
    std::vector<pthread_t> threads;
};

// Leaked: workers outlive static destructors, and a destroyed condition variable would hang the exit.
Pool& pool()
{
    static Pool* instance = new Pool;
    return *instance;
}

double time_limit = 0;

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
    uint64_t seen = 0;
    for (;;)
    {
        // A short spin first: a step is hundreds of small launches, and waking a sleeper costs more than most of them.
        for (int i = 0; i < 2000 && p.generation.load(std::memory_order_acquire) == seen; i++) pause();
        std::unique_lock<std::mutex> guard(p.lock);
        p.sleeping++;
        p.wake.wait(guard, [&] { return p.generation.load(std::memory_order_relaxed) != seen; });
        p.sleeping--;
        seen = p.generation.load(std::memory_order_relaxed);
        Job* job = worker.index < p.wanted ? p.job : nullptr;
        if (job == nullptr) continue;
        p.joined++;
        guard.unlock();
        work(*job, worker);
        guard.lock();
        p.joined--;
        if (p.joined == 0 && p.waits) p.finished.notify_one();
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
    for (int i = 0; i < 4000 && !over(); i++) pause();
    std::unique_lock<std::mutex> guard(p.lock);
    auto idle = [&] { return over() && p.joined == 0; };
    if (!idle())
    {
        p.waits = true;
        if (limited)
        {
            if (!p.finished.wait_until(guard, deadline, idle))
            {
                p.waits = false;
                return false;
            }
        }
        else
        {
            p.finished.wait(guard, idle);
        }
        p.waits = false;
    }
    p.job = nullptr;
    return true;
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
    std::lock_guard<std::mutex> inner(p.lock);
    p.wanted = count < 0 ? 0 : count > 32 ? 32 : count;
}

void set_time_limit(double seconds) { time_limit = seconds; }

static bool run_limited(bool (*task)(void*, Worker&, int64_t), void* context, int64_t count, double seconds)
{
    if (count <= 0) return true;
    Pool& p = pool();
    std::lock_guard<std::mutex> turn(p.callers);
    Job job{task, context, count};
    {
        std::lock_guard<std::mutex> guard(p.lock);
        start_workers(p);
        p.job = &job;
        p.generation.fetch_add(1, std::memory_order_release);
        if (p.sleeping > 0)
        {
            if (count == 1 && p.sleeping == p.wanted) p.wake.notify_one();
            else p.wake.notify_all();
        }
    }
    Clock::time_point deadline = Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
    while (!wait_for(p, job, seconds > 0, deadline))
    {
        // Stop what still runs; again in a while, should it have been where it may not be stopped.
        job.stop = true;
        for (size_t i = 0; i < p.workers.size(); i++)
            if (p.workers[i]->in_kernel) interrupt_worker(p.threads[i]);
        deadline = Clock::now() + std::chrono::milliseconds(100);
    }
    return !job.stop.load();
}

bool run_job(bool (*task)(void*, Worker&, int64_t), void* context, int64_t count) { return run_limited(task, context, count, 0); }

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
    run_limited(&Call::run, &call, call.count, time_limit);
    if (hooks.launch_end) hooks.launch_end(launch);
    return sticky_status();
}

}

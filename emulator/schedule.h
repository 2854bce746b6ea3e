// One block at a time on one worker: its threads are fibers, started lazily, switched only where CUDA lets them wait for each other.
#pragma once
#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "context.h"
#include "fault.h"
#include "fiber.h"
#include "memory.h"
#include "module.h"

namespace dwarf
{

constexpr int MaxThreads = 1024, MaxWarps = 32;

struct AsyncCopy { void* shared; const void* global; unsigned bytes; int group; const char* file; int line; const void* code; };

struct Thread : dwarf_thread
{
    void* sp;                        // where it stands while it waits; null = not started
    uint64_t value, result;          // what it gives to and takes from a collective
    int argument, width;
    const char* file;                // where it waits, for reports
    int line;
    const void* code;                // likewise, as an address in the module
    std::vector<AsyncCopy> copies;   // cp.async not landed yet
    int copy_group;
};

// Lanes that wait for each other in one warp collective.
struct Group
{
    uint32_t mask, arrived;
    int operation;
    int line;
    const char* file;
};

struct Warp
{
    int index;
    uint32_t exists, live, unstarted, ready, waiting;    // lanes: of the block, not returned, not begun, runnable, in a barrier
    int groups;
    Group group[32];
};

struct Launch
{
    const Kernel* kernel;
    dim3 grid, block;
    unsigned shared_bytes;
    void** arguments;
    uint64_t number;                 // counts launches since the process began
};

struct Worker
{
    int index;
    const Launch* launch;
    uint64_t block_number;           // linear, x fastest
    int64_t turn;                    // its place in the order in which blocks are taken
    dwarf_block block;
    Thread* threads;                 // MaxThreads
    Warp* warps;                     // MaxWarps
    int thread_count, warp_count;
    uint32_t runnable;               // warps with ready or unstarted lanes
    int live, arrived;               // threads not returned; threads in the block barrier
    int barrier_kind, barrier_result, barrier_count, barrier_and;
    Thread* current;
    StackPool stacks;
    void* main_sp;                   // where the worker itself waits while fibers run
    uint64_t random;                 // state; 0 = natural order
    char* shared;                    // SharedBytes
    size_t shared_used;
    std::atomic<bool> in_kernel;     // between the first switch into a block and the return
    std::atomic<int> critical;       // > 0: hooks hold locks, an interruption must wait
    std::atomic<bool> interrupt;     // one came meanwhile
    void* instrument;                // for checked mode
    std::atomic<uint64_t> order;     // pool.cpp: 0 = nothing to do, 2 n = job n is offered, 2 n + 1 = taken
    std::atomic<uint32_t> calls;     // counts offers; what the worker sleeps on
    std::atomic<bool> sleeping;
    uint64_t prepared;               // launch whose thread indices stand in threads
};

constexpr size_t SharedBytes = 1024 * 1024, SharedMargin = size_t(256) << 20;

// The worker of the calling thread, or null.
extern thread_local Worker* this_worker __attribute__((tls_model("initial-exec")));

inline Thread& thread_of(dwarf_thread* self) { return *static_cast<Thread*>(self); }

// While it lives, a time limit does not interrupt this worker: for hooks that allocate or lock.
struct Critical
{
    explicit Critical(Worker& worker) : _worker(worker) { enter(worker, 1); }
    ~Critical();
    // Only the worker itself writes it, so no locked instruction is needed.
    static int enter(Worker& worker, int by)
    {
        int depth = worker.critical.load(std::memory_order_relaxed) + by;
        worker.critical.store(depth, std::memory_order_relaxed);
        std::atomic_signal_fence(std::memory_order_seq_cst);
        return depth;
    }
    Worker& _worker;
};

// Runs one whole block; false when it faulted.
bool run_block(Worker& worker, const Launch& launch, uint64_t number);
// The current thread waits; another runs. Returns when it is ready again.
void park(Worker& worker, Thread& thread);
// Another thread that can run now (taken out of those that can), or null; and the switch to it.
Thread* next_other(Worker& worker, const Thread& thread);
void switch_to(Worker& worker, Thread& from, Thread& to);
// Marks lanes as runnable.
void release(Worker& worker, Warp& warp, uint32_t lanes);
// A block barrier or warp collective may be complete now that this thread is gone.
void release_barrier(Worker& worker, Thread* except);
void complete(Worker& worker, Warp& warp, Group& group, uint32_t except);
// Leaves the current block at once; the fault has been recorded.
[[noreturn]] void abandon(Worker& worker);
// Ends the current thread where it stands; the others go on. Its stack is lost until the pool is reclaimed.
[[noreturn]] void retire(Worker& worker);
// The lane whose value this one takes in a shuffle, or -1 for its own.
int source_lane(int operation, int lane, int argument, int width);
// Activemask groups are complete when nothing else in the warp can run. True if that made lanes ready.
bool complete_soft(Worker& worker, Warp& warp);

extern std::atomic<uint64_t> scheduler_seed;

}

// The thread whose code runs now. The modules read it too.
extern "C" __attribute__((visibility("default"), tls_model("initial-exec"))) thread_local dwarf_thread* dwarf_self;

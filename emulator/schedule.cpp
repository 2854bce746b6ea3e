#include "schedule.h"

#include <cstring>

#include "hooks.h"

thread_local dwarf_thread* dwarf_self = nullptr;

namespace dwarf
{

Hooks hooks;
thread_local Worker* this_worker = nullptr;
std::atomic<uint64_t> scheduler_seed{0};

namespace
{

uint64_t next_random(uint64_t& state)
{
    state += 0x9e3779b97f4a7c15ull;
    uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}

int pick_bit(uint32_t mask, uint64_t& random)
{
    if (random == 0) return __builtin_ctz(mask);
    int turn = int(next_random(random) & 31);
    uint32_t turned = turn == 0 ? mask : (mask >> turn) | (mask << (32 - turn));
    return (__builtin_ctz(turned) + turn) & 31;
}

// The next thread to run, preferably of this warp; null when none can.
Thread* pick(Worker& worker, int near)
{
    for (;;)
    {
        Warp& warp = worker.warps[near];
        uint32_t can = warp.ready | warp.unstarted;
        bool leave = worker.random != 0 && worker.runnable != 0 && (next_random(worker.random) & 1) != 0;
        if (can == 0 && worker.runnable == 0 && hooks.stall && hooks.stall(worker))
        {
            near = 0;
            continue;
        }
        if (can == 0 && warp.groups != 0 && !hooks.stall && complete_soft(worker, warp)) continue;
        if (can == 0 || leave)
        {
            if (worker.runnable == 0)
            {
                bool any = false;
                for (int i = 0; i < worker.warp_count && !any; i++) any = worker.warps[i].groups != 0 && complete_soft(worker, worker.warps[i]);
                if (!any) return nullptr;
            }
            // the warps after this one first, so that all of them come on
            uint32_t after = worker.random == 0 && near < 31 ? worker.runnable & (~0u << (near + 1)) : 0;
            near = pick_bit(after != 0 ? after : worker.runnable, worker.random);
            Warp& other = worker.warps[near];
            can = other.ready | other.unstarted;
        }
        Warp& chosen = worker.warps[near];
        int lane = pick_bit(can, worker.random);
        uint32_t bit = 1u << lane;
        Thread* thread = &worker.threads[near * 32 + lane];
        if (chosen.unstarted & bit)
        {
            chosen.unstarted &= ~bit;
            thread->sp = nullptr;
        }
        else
        {
            chosen.ready &= ~bit;
        }
        if ((chosen.ready | chosen.unstarted) == 0) worker.runnable &= ~(1u << near);
        return thread;
    }
}

[[noreturn]] void deadlock(Worker& worker)
{
    bool explained = hooks.stuck && hooks.stuck(worker);
    Critical no_interruption(worker);      // never left: the block is
    // Name the first thread that waits in each of the (at most two) places that differ.
    std::string text = "threads wait for each other for ever: ";
    const Thread* first = nullptr;
    int places = 0;
    for (int i = 0; i < worker.thread_count && places < 2; i++)
    {
        const Thread& thread = worker.threads[i];
        const Warp& warp = worker.warps[thread.warp];
        if (!(warp.live >> thread.lane & 1)) continue;
        if (first && first->line == thread.line) continue;
        if (places > 0) text += ", ";
        text += "thread (" + std::to_string(thread.index.x) + "," + std::to_string(thread.index.y) + "," + std::to_string(thread.index.z) + ") at line "
            + std::to_string(thread.line);
        if (!first) first = &thread;
        places++;
    }
    int gone = worker.thread_count - worker.live;
    if (gone > 0) text += "; " + std::to_string(gone) + " threads have returned";
    worker.current = const_cast<Thread*>(first);
    record_fault(&worker, 719, explained ? "" : "deadlock", text, first ? first->file : nullptr, first ? first->line : 0, nullptr);
    abandon(worker);
}

void finish(Worker& worker, Thread& thread)
{
    if (!thread.copies.empty()) thread.copies.clear();
    if (hooks.thread_end) hooks.thread_end(worker, thread);
    Warp& warp = worker.warps[thread.warp];
    warp.live &= ~(1u << thread.lane);
    worker.live--;
    if (worker.arrived != 0 && worker.arrived == worker.live) release_barrier(worker, nullptr);
    for (int i = warp.groups - 1; i >= 0; i--)
    {
        Group& group = warp.group[i];
        if (group.operation != DWARF_ACTIVEMASK && group.arrived == (group.mask & warp.live)) complete(worker, warp, group, 0);
    }
}

void fiber_main(Stack* stack)
{
    Worker& worker = *this_worker;
    for (;;)
    {
        Thread& thread = *worker.current;
        worker.launch->kernel->entry->run(worker.launch->arguments);
        finish(worker, thread);
        if (worker.live == 0) break;
        Thread* next = pick(worker, thread.warp);
        if (next == nullptr) deadlock(worker);
        worker.current = next;
        dwarf_self = next;
        if (next->sp == nullptr) continue;   // it begins on this stack, as a plain call
        worker.stacks.give(stack);           // nobody takes it before the switch is over
        void* nowhere;
        dwarf_switch(&nowhere, next->sp);
    }
    worker.stacks.give(stack);
    void* nowhere;
    dwarf_switch(&nowhere, worker.main_sp);
}

// Indices of all threads, once a launch and worker.
void prepare_threads(Worker& worker, const Launch& launch)
{
    worker.thread_count = int(launch.block.x * launch.block.y * launch.block.z);
    worker.warp_count = (worker.thread_count + 31) / 32;
    int i = 0;
    for (unsigned z = 0; z < launch.block.z; z++)
        for (unsigned y = 0; y < launch.block.y; y++)
            for (unsigned x = 0; x < launch.block.x; x++, i++)
            {
                Thread& thread = worker.threads[i];
                thread.index = uint3{x, y, z};
                thread.lane = unsigned(i) & 31;
                thread.warp = unsigned(i) >> 5;
                thread.block = &worker.block;
            }
    worker.prepared = launch.number;
    worker.block.block = launch.block;
    worker.block.grid = launch.grid;
    worker.block.shared = worker.shared;
    worker.block.dynamic = worker.shared + launch.kernel->shared_end;
    worker.block.dynamic_bytes = launch.shared_bytes;
    worker.shared_used = launch.kernel->shared_end + launch.shared_bytes;
}

}

Critical::~Critical()
{
    if (enter(_worker, -1) == 0 && _worker.interrupt.load(std::memory_order_relaxed) && _worker.interrupt.exchange(false))
    {
        record_fault(&_worker, 702, "deadlock", interrupt_reason, nullptr, 0, nullptr);
        abandon(_worker);
    }
}

void abandon(Worker& worker)
{
    void* nowhere;
    dwarf_switch(&nowhere, worker.main_sp);
    __builtin_unreachable();
}

// It may have to make one, which allocates.
static Stack* take_stack(Worker& worker)
{
    Critical no_interruption(worker);
    return worker.stacks.take();
}

void retire(Worker& worker)
{
    finish(worker, *worker.current);
    Thread* next = worker.live == 0 ? nullptr : pick(worker, int(worker.current->warp));
    if (worker.live == 0) abandon(worker);
    if (next == nullptr) deadlock(worker);
    worker.current = next;
    dwarf_self = next;
    void* nowhere;
    dwarf_switch(&nowhere, next->sp != nullptr ? next->sp : prepare(take_stack(worker), fiber_main));
    __builtin_unreachable();
}

void release(Worker& worker, Warp& warp, uint32_t lanes)
{
    if (lanes == 0) return;
    warp.ready |= lanes;
    worker.runnable |= 1u << warp.index;
}

void park(Worker& worker, Thread& thread)
{
    Thread* next = pick(worker, thread.warp);
    if (next == nullptr) deadlock(worker);
    switch_to(worker, thread, *next);
}

Thread* next_other(Worker& worker, const Thread& thread) { return worker.runnable == 0 ? nullptr : pick(worker, int(thread.warp)); }

void switch_to(Worker& worker, Thread& from, Thread& to)
{
    worker.current = &to;
    dwarf_self = &to;
    if (&to == &from) return;                // what it waited for came about while the next was looked for
    if (to.sp != nullptr)
    {
        dwarf_switch(&from.sp, to.sp);
        return;
    }
    Stack* stack = take_stack(worker);
    dwarf_switch(&from.sp, prepare(stack, fiber_main));
}

bool run_block(Worker& worker, const Launch& launch, uint64_t number)
{
    worker.launch = &launch;
    if (worker.prepared != launch.number) prepare_threads(worker, launch);
    uint64_t seed = scheduler_seed.load(std::memory_order_relaxed);
    uint64_t index = number;
    if (seed != 0)
    {
        worker.random = (seed * 0x9e3779b97f4a7c15ull) ^ (launch.number << 32) ^ number;
        if (worker.random == 0) worker.random = seed;
        next_random(worker.random);
    }
    else
    {
        worker.random = 0;
    }
    worker.block_number = index;
    worker.block.index = uint3{unsigned(index % launch.grid.x), unsigned(index / launch.grid.x % launch.grid.y),
                               unsigned(index / launch.grid.x / launch.grid.y)};
    memset(worker.shared, 0xff, worker.shared_used);     // NaN in every format: what was not written shows
    for (int i = 0; i < worker.warp_count; i++)
    {
        Warp& warp = worker.warps[i];
        int left = worker.thread_count - i * 32;
        warp.index = i;
        warp.exists = left >= 32 ? ~0u : (1u << left) - 1;
        warp.live = warp.unstarted = warp.exists;
        warp.ready = warp.waiting = 0;
        warp.groups = 0;
    }
    worker.runnable = worker.warp_count == 32 ? ~0u : (1u << worker.warp_count) - 1;
    worker.live = worker.thread_count;
    worker.arrived = 0;
    worker.barrier_count = 0;
    worker.barrier_and = 1;
    if (hooks.block_begin) hooks.block_begin(worker);
    worker.current = pick(worker, 0);
    dwarf_self = worker.current;
    worker.in_kernel = true;
    dwarf_switch(&worker.main_sp, prepare(worker.stacks.take(), fiber_main));
    worker.in_kernel = false;
    dwarf_self = nullptr;
    if (worker.live != 0)                                // left early: nothing on the stacks is needed any more
    {
        worker.stacks.reclaim();
        worker.critical = 0;
        worker.interrupt = false;
        for (int i = 0; i < worker.thread_count; i++) worker.threads[i].copies.clear();
        return false;
    }
    if (hooks.block_end) hooks.block_end(worker);
    return true;
}

}

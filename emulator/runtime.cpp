// What a kernel's code calls besides collectives: fences, asynchronous copies, traps, and who it is (checked code asks by call).
#include <chrono>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <sched.h>

#include "driver.h"
#include "hooks.h"
#include "schedule.h"

using namespace dwarf;

namespace
{

void land(Worker& worker, Thread& thread, const AsyncCopy& copy)
{
    if (hooks.async_landed) hooks.async_landed(worker, thread, copy.shared, copy.global, copy.bytes, Site{copy.file, copy.line}, copy.code);
    if (copy.global) memcpy(copy.shared, copy.global, copy.bytes);
    else memset(copy.shared, 0, copy.bytes);       // outside the matrix
}

}

extern "C"
{

EXPORT uint3 dwarf_thread_index() { return dwarf_self->index; }
EXPORT uint3 dwarf_block_index() { return dwarf_self->block->index; }
EXPORT uint3 dwarf_block_dim() { return dwarf_self->block->block; }
EXPORT uint3 dwarf_grid_dim() { return dwarf_self->block->grid; }
EXPORT unsigned dwarf_lane() { return dwarf_self->lane; }
EXPORT char* dwarf_shared_at(const dwarf_shared_object* object) { return dwarf_self->block->shared + object->offset; }
EXPORT char* dwarf_dynamic_shared() { return dwarf_self->block->dynamic; }

EXPORT void dwarf_fence(int scope, const char* file, int line)
{
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (hooks.fence) hooks.fence(*this_worker, thread_of(dwarf_self), scope, Site{file, line});
}

EXPORT void dwarf_atomic(const void* address, unsigned bytes, int writes, const char* file, int line)
{
    if (hooks.atomic) hooks.atomic(*this_worker, thread_of(dwarf_self), address, bytes, writes != 0, Site{file, line}, __builtin_return_address(0));
}

// The bytes land as late as the ISA allows: when a wait says that they must have.
EXPORT void dwarf_cp_async(void* shared, const void* global, unsigned bytes, const char* file, int line)
{
    Thread& thread = thread_of(dwarf_self);
    if (hooks.async_issued) hooks.async_issued(*this_worker, thread, shared, global, bytes, Site{file, line}, __builtin_return_address(0));
    Critical no_interruption(*this_worker);
    thread.copies.push_back(AsyncCopy{shared, global, bytes, thread.copy_group, file, line, __builtin_return_address(0)});
}

EXPORT void dwarf_cp_commit() { thread_of(dwarf_self).copy_group++; }

EXPORT void dwarf_cp_wait(int groups_left, const char*, int)
{
    Thread& thread = thread_of(dwarf_self);
    size_t kept = 0;
    // -1: wait_all, groups committed or not
    int newest = groups_left < 0 ? thread.copy_group : thread.copy_group - 1 - groups_left;
    for (size_t i = 0; i < thread.copies.size(); i++)
    {
        AsyncCopy copy = thread.copies[i];
        if (copy.group <= newest) land(*this_worker, thread, copy);
        else thread.copies[kept++] = copy;
    }
    thread.copies.resize(kept);
}

EXPORT void dwarf_trap(const char* what, const char* file, int line)
{
    bool failed_assertion = strncmp(what, "assert", 6) == 0;
    record_fault(this_worker, failed_assertion ? 710 : 719, failed_assertion ? "assert" : "trap", what, file, line, nullptr);
    abandon(*this_worker);
}

// A thread that waits for another's write lets the others run.
EXPORT void dwarf_yield()
{
    Thread& thread = thread_of(dwarf_self);
    Worker& worker = *this_worker;
    if (worker.runnable == 0)
    {
        sched_yield();      // perhaps a block on another worker has to come on
        return;
    }
    Warp& warp = worker.warps[thread.warp];
    // Not among those that may run until somebody else has: else it would be picked again at once.
    Thread* next = next_other(worker, thread);
    release(worker, warp, 1u << thread.lane);
    if (next) switch_to(worker, thread, *next);
}

EXPORT long long dwarf_clock()
{
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

EXPORT int dwarf_printf(const char* format, ...)
{
    Critical no_interruption(*this_worker);
    va_list arguments;
    va_start(arguments, format);
    int count = vfprintf(stderr, format, arguments);
    va_end(arguments);
    return count;
}

}

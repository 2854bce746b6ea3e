// Where instruments attach. Every hook is null until checked mode sets it, and costs one predictable branch then.
// All of them are called on the worker that runs the block, except launch_*, allocated, released, copied and filled, which come from the host's
// thread (one at a time, under the launch lock).
#pragma once
#include "schedule.h"

namespace dwarf
{

struct Site { const char* file; int line; };

struct Hooks
{
    void (*launch_begin)(const Launch&) = nullptr;
    void (*launch_end)(const Launch&) = nullptr;             // also after a fault
    void (*block_begin)(Worker&) = nullptr;                  // worker.block, worker.launch are set, shared memory is poisoned
    void (*block_end)(Worker&) = nullptr;                    // not called for a block that faulted
    void (*thread_end)(Worker&, Thread&) = nullptr;          // the kernel returned for this thread
    void (*barrier_arrive)(Worker&, Thread&, Site) = nullptr;
    void (*barrier_release)(Worker&) = nullptr;              // all live threads have come
    void (*collective_arrive)(Worker&, Thread&, int operation, unsigned mask, Site) = nullptr;
    // complete: arrived = lanes that came; absent = lanes whose value was asked for but who did not come
    void (*collective_done)(Worker&, Warp&, int operation, unsigned mask, unsigned arrived, unsigned absent, Site) = nullptr;
    // no thread can run: true if the instrument let some go on
    bool (*stall)(Worker&) = nullptr;
    // nor will any ever: before that is recorded as a fault; true if the instrument has recorded a better reason
    bool (*stuck)(Worker&) = nullptr;
    // before an atomic operation, in checked code; `code` is where it stands
    void (*atomic)(Worker&, Thread&, const void* address, unsigned bytes, bool writes, Site, const void* code) = nullptr;
    void (*fence)(Worker&, Thread&, int scope, Site) = nullptr;   // scope 0 block, 1 device, 2 system
    // cp.async: asked for, and landed (at a wait); global is null where zeros are copied
    void (*async_landed)(Worker&, Thread&, void* shared, const void* global, unsigned bytes, Site, const void* code) = nullptr;
    void (*async_issued)(Worker&, Thread&, void* shared, const void* global, unsigned bytes, Site, const void* code) = nullptr;
    void (*allocated)(const Allocation&) = nullptr;
    void (*released)(const Allocation&) = nullptr;
    void (*copied)(void* destination, const void* source, size_t bytes) = nullptr;   // after a driver copy or memset wrote destination
    void (*filled)(void* destination, size_t bytes) = nullptr;
    // a fault was recorded by the runtime itself (illegal address, deadlock, trap, time limit)
    void (*fault)(const Fault&) = nullptr;
};

extern Hooks hooks;

}

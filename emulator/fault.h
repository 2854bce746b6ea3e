// What went wrong in a kernel: recorded once, sticky, as a GPU's context is lost until it is made again.
#pragma once
#include <cstdint>
#include <string>

#include "context.h"

namespace dwarf
{

struct Worker;
struct Kernel;

struct Fault
{
    int status = 0;                  // CUresult
    std::string kind;                // contracts.md section 7: illegal-address, deadlock, misaligned, …; trap, assert
    std::string message;
    std::string kernel;
    std::string file;
    int line = 0;
    uint3 block{}, thread{};
    const void* address = nullptr;
    uint64_t launch = ~0ull;
    int64_t turn = 0;                // of the block, in the order in which blocks are taken
};

// Records the fault, with kernel, block and thread of the worker's current thread. Of one launch's faults the earliest block's stays, so that a
// report does not depend on which worker was faster; later launches do not come to run.
void record_fault(Worker* worker, int status, const char* kind, const std::string& message, const char* file, int line, const void* address);
// The status that every call returns since a kernel failed, or 0.
int sticky_status();
Fault last_fault();
void reset_fault();
// SIGSEGV, SIGBUS, SIGFPE, SIGILL and the interruption; chains to what was there for all that is not a kernel's.
void install_handlers();
void install_alternate_stack();
// Stops the worker if it is in a kernel's code.
void interrupt_worker(unsigned long pthread);
extern const char* interrupt_reason;

}

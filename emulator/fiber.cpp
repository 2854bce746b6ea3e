#include "fiber.h"

#include <cstdint>
#include <cstdlib>
#include <new>
#include <sys/mman.h>

// System V x86-64 keeps rbx, rbp, r12 to r15 across calls; nothing else needs saving where a switch is an ordinary call.
asm(R"(
    .text
    .globl dwarf_switch
    .hidden dwarf_switch
    .type dwarf_switch, @function
dwarf_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    .globl dwarf_switch_resume
    .hidden dwarf_switch_resume
    .type dwarf_switch_resume, @function
dwarf_switch_resume:
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
    .size dwarf_switch, . - dwarf_switch

    .globl dwarf_fiber_start
    .hidden dwarf_fiber_start
    .type dwarf_fiber_start, @function
dwarf_fiber_start:
    movq %r12, %rdi
    call *%rbx
    ud2
    .size dwarf_fiber_start, . - dwarf_fiber_start
)");

extern "C" void dwarf_fiber_start();

namespace dwarf
{

constexpr size_t Page = 4096;

Stack* StackPool::take()
{
    if (!_free.empty())
    {
        Stack* stack = _free.back();
        _free.pop_back();
        return stack;
    }
    void* memory = mmap(nullptr, Bytes + Page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    mprotect(memory, Page, PROT_NONE);
    Stack* stack = new Stack;
    stack->base = static_cast<char*>(memory);
    // Without this every top shares one set of the first-level cache, and a switch costs twice as much.
    stack->top = stack->base + Page + Bytes - (_all.size() % 31) * 128;
    _all.push_back(stack);
    return stack;
}

void StackPool::reclaim() { _free = _all; }

bool StackPool::in_guard(const void* address) const
{
    const char* at = static_cast<const char*>(address);
    for (Stack* stack : _all)
        if (at >= stack->base && at < stack->base + Page) return true;
    return false;
}

bool StackPool::contains(const void* address) const
{
    const char* at = static_cast<const char*>(address);
    for (Stack* stack : _all)
        if (at >= stack->base + Page && at < stack->base + Page + Bytes) return true;
    return false;
}

void* prepare(Stack* stack, void (*entry)(Stack*))
{
    // After the pops of a switch and its ret the stack pointer must be a multiple of 16, since dwarf_fiber_start makes the next call.
    uint64_t* frame = reinterpret_cast<uint64_t*>(reinterpret_cast<uintptr_t>(stack->top) & ~uintptr_t(15)) - 9;
    frame[0] = 0;                                            // r15
    frame[1] = 0;                                            // r14
    frame[2] = 0;                                            // r13
    frame[3] = reinterpret_cast<uint64_t>(stack);            // r12
    frame[4] = reinterpret_cast<uint64_t>(entry);            // rbx
    frame[5] = 0;                                            // rbp: the end of a chain of frames
    frame[6] = reinterpret_cast<uint64_t>(&dwarf_fiber_start);
    frame[7] = 0;
    return frame;
}

}

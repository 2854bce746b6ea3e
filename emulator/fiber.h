// A stack that can be left and entered again. Kernels' threads run on these.
#pragma once
#include <cstddef>
#include <vector>

// Saves the callee-saved registers and the stack pointer in *save, and goes on where `to` was saved.
extern "C" void dwarf_switch(void** save, void* to);
// The second half of it: with the stack pointer at a saved one, goes on there. The fault handler jumps here.
extern "C" void dwarf_switch_resume();

namespace dwarf
{

struct Stack
{
    char* base = nullptr;       // the guard page; usable bytes follow
    char* top = nullptr;        // coloured: tops of all stacks lie in different cache sets
};

// The stacks of one worker, made when first wanted and then used again.
class StackPool
{
public:
    static constexpr size_t Bytes = 256 * 1024;
    Stack* take();
    void give(Stack* stack) { _free.push_back(stack); }
    // After a fault: whatever stood on the stacks is forgotten.
    void reclaim();
    // Is this address in the guard page of one of our stacks?
    bool in_guard(const void* address) const;
    // Is this address on one of our stacks?
    bool contains(const void* address) const;

private:
    std::vector<Stack*> _all, _free;
};

// Lays a frame on the stack so that a switch to the result calls entry(stack).
void* prepare(Stack* stack, void (*entry)(Stack*));

}

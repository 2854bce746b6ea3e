// The emulator's own interface, beside NVIDIA's: for tests and for `dwarf kernels`. All of it may be called at any time between launches.
#pragma once
#include <cstddef>
#include <cstdint>

extern "C"
{

// How often an entry point was called since the last reset; 0 for a name that never was.
uint64_t dwarf_emu_calls(const char* name);
void dwarf_emu_reset_calls();
// The names of entry points called so far, one a line, with their counts: "cuInit 1\n…". Returns the bytes needed, with the zero at the end.
size_t dwarf_emu_list_calls(char* text, size_t capacity);

// 0 = the natural order of warps, lanes and blocks; any other permutes all three.
void dwarf_emu_set_seed(uint64_t seed);
// Host threads that run blocks; 0 = all processors.
void dwarf_emu_set_workers(int count);
int dwarf_emu_workers();
// lazy != 0: streams put work aside until something waits for it, and then take it in an order drawn by the seed.
void dwarf_emu_set_lazy(int lazy, uint64_t seed);
// Seconds that one kernel may run; 0 = no limit.
void dwarf_emu_set_time_limit(double seconds);
// Bytes of device memory; 0 = three quarters of the machine's.
void dwarf_emu_set_memory(size_t bytes);
// Modules compiled from now on are checked, with or without -DDWARF_CHECKED.
void dwarf_emu_set_checked(int checked);

// The fault that made all calls fail, as JSON: {"status":700,"kind":"illegal-address","kernel":…,"file":…,"line":…,"block":[x,y,z],
// "thread":[x,y,z],"message":…}; "" where there is none. Returns the bytes needed.
size_t dwarf_emu_fault(char* text, size_t capacity);
// Calls work again after a fault.
void dwarf_emu_reset_fault();
// Why the last call failed, in words, where its status says too little; "" otherwise. Returns the bytes needed.
size_t dwarf_emu_why(char* text, size_t capacity);

// A short proof that fibers, barriers, shuffles and compilation work: 0, or the number of the step that failed.
int dwarf_emu_self_test();

}

// What a kernel's code and the emulator both see: who am I, and where is my shared memory. Included by device.h and by the runtime, so plain
// C++ without any header.
#pragma once

struct uint3 { unsigned x, y, z; };

struct dim3
{
    unsigned x, y, z;
    constexpr dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
    constexpr dim3(uint3 v) : x(v.x), y(v.y), z(v.z) {}
    constexpr operator uint3() const { return uint3{x, y, z}; }
};

struct dwarf_block
{
    uint3 index;          // blockIdx
    dim3 block, grid;     // blockDim, gridDim
    char* shared;         // static shared objects lie from here on
    char* dynamic;        // what `extern __shared__` names
    unsigned dynamic_bytes;
};

struct dwarf_thread
{
    uint3 index;          // threadIdx
    unsigned lane, warp;
    dwarf_block* block;
};

// One static __shared__ object of a module. The loader gives it its offset.
struct dwarf_shared_object
{
    const char* name;
    const char* function;   // __PRETTY_FUNCTION__ where it is declared
    const char* scope;      // __func__ there
    const char* file;
    int line;
    unsigned bytes, alignment;
    unsigned offset;
    dwarf_shared_object* next;
};

// One kernel of a module: how to call it for the current thread, and the sizes of its parameters.
struct dwarf_kernel_entry
{
    const char* name;       // what cuModuleGetFunction is asked for
    const char* title;      // what messages say: the name expression, or the name
    const char* scope;      // the function's own name, as its shared objects have it
    void (*run)(void** arguments);
    const unsigned* sizes;
    int count;
    int max_threads;        // __launch_bounds__, 0 = none
    const char* file;
    int line;
    dwarf_kernel_entry* next;
};

// What a loaded module exports as `dwarf_module_info`.
struct dwarf_module
{
    int version;
    int checked;
    dwarf_kernel_entry* kernels;
    dwarf_shared_object** shared;
};

constexpr int DWARF_MODULE_VERSION = 2;

enum dwarf_operation
{
    DWARF_SHUFFLE, DWARF_SHUFFLE_UP, DWARF_SHUFFLE_DOWN, DWARF_SHUFFLE_XOR,
    DWARF_BALLOT, DWARF_ANY, DWARF_ALL, DWARF_MATCH_ANY, DWARF_MATCH_ALL, DWARF_SYNCWARP, DWARF_ACTIVEMASK,
    DWARF_ADD, DWARF_MIN_SIGNED, DWARF_MAX_SIGNED, DWARF_MIN_UNSIGNED, DWARF_MAX_UNSIGNED, DWARF_AND, DWARF_OR, DWARF_XOR,
    DWARF_CALL,
    DWARF_BARRIER, DWARF_BARRIER_COUNT, DWARF_BARRIER_AND, DWARF_BARRIER_OR,
};

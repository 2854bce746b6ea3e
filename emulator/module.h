// Loaded modules: what nvrtc compiled, opened as a shared library.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "context.h"

namespace dwarf
{

struct Module;

struct Kernel
{
    Module* module;
    const dwarf_kernel_entry* entry;
    std::string name;
    unsigned static_shared;          // bytes of its static objects, as a device counts them
    unsigned shared_end;             // where they end here, gaps included
    unsigned dynamic_limit;          // cuFuncSetAttribute
    std::vector<unsigned> offsets;   // of each parameter in the launch buffer, 16-byte steps
    unsigned parameter_bytes;
};

struct Module
{
    void* library;
    const dwarf_module* info;
    std::map<std::string, Kernel*> kernels;
    std::string path;
    int file;                        // the memory file that it was opened from
};

// CUresult; the image is a library's bytes or nvrtcGetPTX's text.
int load_module(const void* image, Module** module, std::string& why);
void unload_module(Module* module);

// File and line of an address in a module's code ("" and 0 where unknown). Slow: it asks addr2line.
struct Place { std::string file; int line = 0; std::string function; bool in_module = false; };
Place locate(const void* code);

}

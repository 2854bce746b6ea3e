// Device memory: a range of addresses of our own, so that each allocation has known ends and a page that nobody owns behind it.
#pragma once
#include <cstddef>
#include <cstdint>

namespace dwarf
{

struct Allocation
{
    char* base = nullptr;
    size_t bytes = 0;
    uint64_t number = 0;
    bool live = false;
    bool host = false;      // pinned host memory
};

// CUresult: 0, or 2 when the device's memory (see set_device_memory) is used up.
// Addresses that nobody owns behind each allocation, beyond a page. Before the first allocation.
void set_allocation_gap(size_t bytes);
int allocate_device(size_t bytes, void** address);
int free_device(void* address);
int allocate_host(size_t bytes, void** address);
int free_host(void* address);
// The allocation that holds or held the address; false where nothing of ours ever lay. `live` tells if it still does.
bool find_allocation(const void* address, Allocation& found);
// Is the address in the range that device allocations come from?
bool in_arena(const void* address);
// Are all bytes inside one live allocation, or outside the arena altogether (host memory)?
bool may_access(const void* address, size_t bytes);
void device_memory(size_t& free, size_t& total);
void set_device_memory(size_t total);
uint64_t allocation_count();

}

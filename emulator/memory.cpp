#include "memory.h"

#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <sys/mman.h>
#include <unistd.h>

#include "hooks.h"

namespace dwarf
{

namespace
{

constexpr size_t Page = 4096, Range = size_t(1) << 46;      // 64 TB of addresses, none of it backed before it is given out

struct Block
{
    size_t pages;            // with the page behind it that nobody may touch
    Allocation allocation;   // live = false: free, but remembered
};

struct Arena
{
    std::mutex lock;
    char* base = nullptr;
    size_t total = 0, used = 0, range = 0;
    std::map<char*, Block> blocks;        // all of the range up to `end`
    char* end = nullptr;
    std::map<char*, Allocation> host;
    uint64_t count = 0;
    size_t gap = Page;                    // behind each allocation, where nobody may reach
};

Arena& arena()
{
    static Arena* instance = new Arena;
    return *instance;
}

size_t default_total()
{
    size_t physical = size_t(sysconf(_SC_PHYS_PAGES)) * size_t(sysconf(_SC_PAGE_SIZE));
    return physical / 4 * 3;
}

bool open(Arena& a)
{
    if (a.base != nullptr) return true;
    // smaller where a limit on the address space forbids it
    for (size_t range = Range; range >= (size_t(1) << 30); range /= 4)
    {
        void* memory = mmap(nullptr, range, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (memory == MAP_FAILED) continue;
        a.base = static_cast<char*>(memory);
        a.end = a.base + range / 1024;        // what lies before the first allocation is nobody's, too
        a.range = range;
        if (a.total == 0) a.total = default_total();
        return true;
    }
    return false;
}

}

void set_allocation_gap(size_t bytes)
{
    Arena& a = arena();
    std::lock_guard<std::mutex> guard(a.lock);
    a.gap = bytes < Page ? Page : bytes / Page * Page;
}

int allocate_device(size_t bytes, void** address)
{
    Arena& a = arena();
    std::lock_guard<std::mutex> guard(a.lock);
    if (bytes == 0) return 1;
    if (!open(a) || bytes > a.total - a.used) return 2;
    size_t filled = (bytes + Page - 1) / Page, gap = a.gap;
    if (size_t(a.end - a.base) > a.range / 2 && gap > (size_t(1) << 20)) gap = size_t(1) << 20;     // many of them: closer together
    size_t pages = filled + gap / Page;
    auto place = a.blocks.end();
    // The first free block that is large enough, so that addresses repeat from run to run.
    for (auto block = a.blocks.begin(); block != a.blocks.end(); ++block)
        if (!block->second.allocation.live && block->second.pages >= pages)
        {
            place = block;
            break;
        }
    if (place == a.blocks.end())
    {
        if (size_t(a.end - a.base) + pages * Page > a.range) return 2;
        place = a.blocks.emplace(a.end, Block{pages, {}}).first;
        a.end += pages * Page;
    }
    else if (place->second.pages > pages)
    {
        char* rest = place->first + pages * Page;
        a.blocks.emplace(rest, Block{place->second.pages - pages, {rest, 0, 0, false, false}});
        place->second.pages = pages;
    }
    char* base = place->first;
    if (mprotect(base, filled * Page, PROT_READ | PROT_WRITE) != 0)
    {
        place->second.allocation.live = false;
        return 2;
    }
    if (bytes <= (size_t(16) << 20)) memset(base, 0xff, filled * Page);   // NaN; larger ones read as zero
    place->second.allocation = Allocation{base, bytes, ++a.count, true, false};
    a.used += bytes;
    *address = base;
    if (hooks.allocated) hooks.allocated(place->second.allocation);
    return 0;
}

int free_device(void* address)
{
    if (address == nullptr) return 0;
    Arena& a = arena();
    std::lock_guard<std::mutex> guard(a.lock);
    auto place = a.blocks.find(static_cast<char*>(address));
    if (place == a.blocks.end() || !place->second.allocation.live) return 1;
    Block& block = place->second;
    block.allocation.live = false;
    a.used -= block.allocation.bytes;
    // Gives the memory back and makes a late access a fault.
    mmap(place->first, block.pages * Page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
    if (hooks.released) hooks.released(block.allocation);
    auto next = std::next(place);
    if (next != a.blocks.end() && !next->second.allocation.live)
    {
        block.pages += next->second.pages;
        a.blocks.erase(next);
    }
    if (place != a.blocks.begin())
    {
        auto before = std::prev(place);
        if (!before->second.allocation.live)
        {
            before->second.pages += block.pages;
            a.blocks.erase(place);
        }
    }
    return 0;
}

int allocate_host(size_t bytes, void** address)
{
    void* memory = nullptr;
    if (bytes == 0 || posix_memalign(&memory, Page, bytes) != 0) return bytes == 0 ? 1 : 2;
    Arena& a = arena();
    std::lock_guard<std::mutex> guard(a.lock);
    a.host[static_cast<char*>(memory)] = Allocation{static_cast<char*>(memory), bytes, ++a.count, true, true};
    *address = memory;
    return 0;
}

int free_host(void* address)
{
    Arena& a = arena();
    std::lock_guard<std::mutex> guard(a.lock);
    if (a.host.erase(static_cast<char*>(address)) == 0) return 1;
    free(address);
    return 0;
}

bool find_allocation(const void* address, Allocation& found)
{
    Arena& a = arena();
    std::lock_guard<std::mutex> guard(a.lock);
    char* at = static_cast<char*>(const_cast<void*>(address));
    if (a.base != nullptr && at >= a.base && at < a.end)
    {
        auto next = a.blocks.upper_bound(at);
        if (next == a.blocks.begin()) return false;
        found = std::prev(next)->second.allocation;
        return found.base != nullptr && found.bytes != 0;
    }
    auto next = a.host.upper_bound(at);
    if (next == a.host.begin()) return false;
    found = std::prev(next)->second;
    return at < found.base + found.bytes;
}

bool in_arena(const void* address)
{
    Arena& a = arena();
    const char* at = static_cast<const char*>(address);
    return a.base != nullptr && at >= a.base && at < a.base + a.range;
}

bool may_access(const void* address, size_t bytes)
{
    if (address == nullptr) return bytes == 0;
    if (!in_arena(address)) return true;
    Allocation found;
    if (!find_allocation(address, found) || !found.live) return false;
    const char* at = static_cast<const char*>(address);
    return at >= found.base && bytes <= size_t(found.base + found.bytes - at);
}

void device_memory(size_t& free, size_t& total)
{
    Arena& a = arena();
    std::lock_guard<std::mutex> guard(a.lock);
    if (a.total == 0) a.total = default_total();
    total = a.total;
    free = a.total - a.used;
}

void set_device_memory(size_t total)
{
    Arena& a = arena();
    std::lock_guard<std::mutex> guard(a.lock);
    a.total = total == 0 ? default_total() : total < a.used ? a.used : total;
}

uint64_t allocation_count()
{
    Arena& a = arena();
    std::lock_guard<std::mutex> guard(a.lock);
    return a.count;
}

}

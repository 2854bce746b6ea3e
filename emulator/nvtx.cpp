// NVTX's ranges, written down instead of shown: tests read which names were pushed.
#include <cstring>
#include <mutex>
#include <string>

#include "driver.h"

namespace
{

struct Ranges
{
    std::mutex lock;
    std::string text;       // one name a line, indented by its depth
    int depth = 0;
    bool recording = false;
};

Ranges& ranges()
{
    static Ranges* instance = new Ranges;
    return *instance;
}

}

extern "C"
{

EXPORT int nvtxRangePushA(const char* name)
{
    COUNT();
    Ranges& r = ranges();
    std::lock_guard<std::mutex> guard(r.lock);
    if (r.recording) r.text += std::string(size_t(r.depth), ' ') + name + "\n";
    return r.depth++;
}

EXPORT int nvtxRangePop()
{
    COUNT();
    Ranges& r = ranges();
    std::lock_guard<std::mutex> guard(r.lock);
    return r.depth > 0 ? --r.depth : -2;    // -2: NVTX's answer to a pop without a push
}

// Begins to write names down (1), or stops and forgets them (0).
EXPORT void dwarf_emu_record_ranges(int record)
{
    Ranges& r = ranges();
    std::lock_guard<std::mutex> guard(r.lock);
    r.recording = record != 0;
    r.text.clear();
}

// The names since then. Returns the bytes needed, with the zero at the end.
EXPORT size_t dwarf_emu_ranges(char* text, size_t capacity)
{
    Ranges& r = ranges();
    std::lock_guard<std::mutex> guard(r.lock);
    if (text && capacity > 0)
    {
        size_t bytes = r.text.size() < capacity ? r.text.size() : capacity - 1;
        memcpy(text, r.text.data(), bytes);
        text[bytes] = 0;
    }
    return r.text.size() + 1;
}

}

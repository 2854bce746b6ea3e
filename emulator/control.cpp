#include "control.h"

#include <cstring>
#include <map>
#include <mutex>
#include <string>

#include "driver.h"
#include "fault.h"
#include "memory.h"
#include "pool.h"
#include "stream.h"

namespace dwarf
{

namespace
{

struct Counters
{
    std::mutex lock;
    std::map<std::string, std::atomic<uint64_t>> calls;
    std::string why;
    std::atomic<bool> checked{false};
};

Counters& counters()
{
    static Counters* instance = new Counters;
    return *instance;
}

size_t give(const std::string& text, char* to, size_t capacity)
{
    if (to && capacity > 0)
    {
        size_t bytes = text.size() < capacity ? text.size() : capacity - 1;
        memcpy(to, text.data(), bytes);
        to[bytes] = 0;
    }
    return text.size() + 1;
}

std::string quoted(const std::string& text)
{
    std::string result = "\"";
    for (char c : text)
    {
        if (c == '"' || c == '\\') result += '\\';
        if (c == '\n') result += "\\n";
        else if (static_cast<unsigned char>(c) < 32) result += ' ';
        else result += c;
    }
    return result + "\"";
}

std::string triple(uint3 v) { return "[" + std::to_string(v.x) + "," + std::to_string(v.y) + "," + std::to_string(v.z) + "]"; }

}

std::atomic<uint64_t>& call_counter(const char* name)
{
    std::lock_guard<std::mutex> guard(counters().lock);
    return counters().calls[name];
}

void explain(const std::string& text)
{
    std::lock_guard<std::mutex> guard(counters().lock);
    counters().why = text;
}

int not_supported(const char* name)
{
    call_counter(name)++;
    explain(std::string("the emulator has no ") + name);
    return CUDA_ERROR_NOT_SUPPORTED;
}

bool default_checked() { return counters().checked; }

}

using namespace dwarf;

extern "C"
{

EXPORT uint64_t dwarf_emu_calls(const char* name)
{
    std::lock_guard<std::mutex> guard(counters().lock);
    auto found = counters().calls.find(name);
    return found == counters().calls.end() ? 0 : found->second.load();
}

EXPORT void dwarf_emu_reset_calls()
{
    std::lock_guard<std::mutex> guard(counters().lock);
    for (auto& call : counters().calls) call.second = 0;
}

EXPORT size_t dwarf_emu_list_calls(char* text, size_t capacity)
{
    std::string all;
    {
        std::lock_guard<std::mutex> guard(counters().lock);
        for (auto& call : counters().calls)
            if (call.second != 0) all += call.first + " " + std::to_string(call.second.load()) + "\n";
    }
    return give(all, text, capacity);
}

EXPORT void dwarf_emu_set_seed(uint64_t seed) { scheduler_seed = seed; }
EXPORT void dwarf_emu_set_workers(int count) { set_worker_count(count); }
EXPORT int dwarf_emu_workers() { return worker_count(); }
EXPORT void dwarf_emu_set_lazy(int lazy, uint64_t seed) { set_lazy(lazy != 0, seed); }
EXPORT void dwarf_emu_set_time_limit(double seconds) { set_time_limit(seconds); }
EXPORT void dwarf_emu_set_memory(size_t bytes) { set_device_memory(bytes); }
EXPORT void dwarf_emu_set_checked(int checked) { counters().checked = checked != 0; }

EXPORT size_t dwarf_emu_fault(char* text, size_t capacity)
{
    Fault fault = last_fault();
    if (fault.status == 0) return give("", text, capacity);
    return give("{\"status\":" + std::to_string(fault.status) + ",\"kind\":" + quoted(fault.kind) + ",\"kernel\":" + quoted(fault.kernel) + ",\"file\":"
        + quoted(fault.file) + ",\"line\":" + std::to_string(fault.line) + ",\"block\":" + triple(fault.block) + ",\"thread\":" + triple(fault.thread)
        + ",\"message\":" + quoted(fault.message) + "}", text, capacity);
}

EXPORT void dwarf_emu_reset_fault() { reset_fault(); }

EXPORT size_t dwarf_emu_why(char* text, size_t capacity)
{
    std::string why;
    {
        std::lock_guard<std::mutex> guard(counters().lock);
        why = counters().why;
    }
    return give(why, text, capacity);
}

}

// What the files of entry points share. Status numbers and names are NVIDIA's (CUresult).
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_set>

#define EXPORT __attribute__((visibility("default")))

namespace dwarf
{

typedef int CUresult;

enum : int
{
    CUDA_SUCCESS = 0, CUDA_ERROR_INVALID_VALUE = 1, CUDA_ERROR_OUT_OF_MEMORY = 2, CUDA_ERROR_NOT_INITIALIZED = 3, CUDA_ERROR_INVALID_DEVICE = 101,
    CUDA_ERROR_INVALID_IMAGE = 200, CUDA_ERROR_INVALID_CONTEXT = 201, CUDA_ERROR_FILE_NOT_FOUND = 301, CUDA_ERROR_INVALID_HANDLE = 400,
    CUDA_ERROR_NOT_FOUND = 500, CUDA_ERROR_NOT_READY = 600, CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE = 910, CUDA_ERROR_ILLEGAL_ADDRESS = 700, CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES = 701,
    CUDA_ERROR_LAUNCH_FAILED = 719, CUDA_ERROR_NOT_SUPPORTED = 801, CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED = 900,
    CUDA_ERROR_STREAM_CAPTURE_INVALIDATED = 901, CUDA_ERROR_STREAM_CAPTURE_UNMATCHED = 903, CUDA_ERROR_STREAM_CAPTURE_UNJOINED = 904,
    CUDA_ERROR_STREAM_CAPTURE_ISOLATION = 905, CUDA_ERROR_STREAM_CAPTURE_IMPLICIT = 906, CUDA_ERROR_CAPTURED_EVENT = 907,
};

// How often an entry point was called: tests prove by it that a steady step allocates nothing and waits for nothing.
std::atomic<uint64_t>& call_counter(const char* name);

// The first line of every entry point.
#define COUNT()                                                                                                                            \
    static std::atomic<uint64_t>& calls_of_this = dwarf::call_counter(__func__);                                                           \
    calls_of_this.fetch_add(1, std::memory_order_relaxed)

// … of those that need a context in good order.
#define ENTER()                                                                                                                            \
    COUNT();                                                                                                                               \
    if (int refused = dwarf::refusal()) return refused

// 3 before cuInit, 201 without a current context, the fault's status after a kernel failed, else 0.
int refusal();

// Why the last call failed, beyond its status; for the control interface.
void explain(const std::string& text);
// Records the name of a call that the emulator lacks.
int not_supported(const char* name);

constexpr const char* EmulatedPtx = "// emulated PTX: a library of this machine in hexadecimal\n";

// Modules are compiled with instruments even where no option says so.
bool default_checked();

// Handles are addresses; a wrong one must be an error and not a crash.
template <typename T> class Handles
{
public:
    T* add(T* item)
    {
        std::lock_guard<std::mutex> guard(_lock);
        _live.insert(item);
        return item;
    }
    T* find(void* handle)
    {
        std::lock_guard<std::mutex> guard(_lock);
        return _live.count(static_cast<T*>(handle)) ? static_cast<T*>(handle) : nullptr;
    }
    bool remove(void* handle)
    {
        std::lock_guard<std::mutex> guard(_lock);
        return _live.erase(static_cast<T*>(handle)) != 0;
    }
    template <typename F> void each(const F& body)
    {
        std::lock_guard<std::mutex> guard(_lock);
        for (T* item : _live) body(item);
    }

private:
    std::mutex _lock;
    std::unordered_set<T*> _live;
};

}

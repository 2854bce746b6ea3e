// Entry points: memory. Asynchronous copies read and write host memory when the stream gets there, never earlier.
#include <cstring>

#include "hooks.h"
#include "memory.h"
#include "stream.h"

using namespace dwarf;

namespace
{

int copy_now(void* destination, const void* source, size_t bytes)
{
    // again, since the memory may have been freed since the copy was asked for
    if (!may_access(destination, bytes) || !may_access(source, bytes)) return CUDA_ERROR_INVALID_VALUE;
    memmove(destination, source, bytes);
    if (hooks.copied) hooks.copied(destination, source, bytes);
    return 0;
}

int copy_on(void* handle, void* destination, const void* source, size_t bytes, const char* what)
{
    Stream* stream = find_stream(handle);
    if (!stream) return CUDA_ERROR_INVALID_HANDLE;
    if (bytes == 0) return 0;
    if (!destination || !source || !may_access(destination, bytes) || !may_access(source, bytes))
    {
        explain(std::string(what) + ": " + std::to_string(bytes) + " bytes do not lie inside one live allocation");
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (immediate(*stream)) return copy_now(destination, source, bytes);
    return enqueue(*stream, std::make_shared<HostWork>([=] { return copy_now(destination, source, bytes); }));
}

// The synchronous forms: on the default stream, done when they return.
int copy_and_wait(void* destination, const void* source, size_t bytes, const char* what)
{
    if (int refused = forbidden_in_capture()) return refused == CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED ? CUDA_ERROR_STREAM_CAPTURE_IMPLICIT : refused;
    if (int failed = copy_on(nullptr, destination, source, bytes, what)) return failed;
    return synchronize(*find_stream(nullptr));
}

template <typename T> int fill_on(void* handle, uint64_t address, T value, size_t count, const char* what)
{
    Stream* stream = find_stream(handle);
    if (!stream) return CUDA_ERROR_INVALID_HANDLE;
    if (count == 0) return 0;
    T* at = reinterpret_cast<T*>(address);
    if (!at || address % sizeof(T) != 0 || !in_arena(at) || !may_access(at, count * sizeof(T)))
    {
        explain(std::string(what) + ": " + std::to_string(count * sizeof(T)) + " bytes do not lie inside one live allocation");
        return CUDA_ERROR_INVALID_VALUE;
    }
    auto fill = [=] {
        if (!may_access(at, count * sizeof(T))) return int(CUDA_ERROR_INVALID_VALUE);
        if (sizeof(T) == 1) memset(at, int(value), count);
        else for (size_t i = 0; i < count; i++) at[i] = value;
        if (hooks.filled) hooks.filled(at, count * sizeof(T));
        return 0;
    };
    if (immediate(*stream)) return fill();
    return enqueue(*stream, std::make_shared<HostWork>(fill));
}

void* pointer(uint64_t address) { return reinterpret_cast<void*>(address); }

}

extern "C"
{

EXPORT CUresult cuMemAlloc_v2(uint64_t* address, size_t bytes)
{
    ENTER();
    if (!address) return CUDA_ERROR_INVALID_VALUE;
    if (int refused = forbidden_in_capture()) return refused;
    void* memory = nullptr;
    int status = allocate_device(bytes, &memory);
    *address = reinterpret_cast<uint64_t>(memory);
    if (status == CUDA_ERROR_OUT_OF_MEMORY) explain("cuMemAlloc: " + std::to_string(bytes) + " bytes are not free");
    return status;
}

EXPORT CUresult cuMemFree_v2(uint64_t address)
{
    COUNT();
    if (address == 0) return 0;
    if (int refused = forbidden_in_capture()) return refused;
    synchronize_all();                 // as the real one: nothing may still use the memory
    return free_device(pointer(address));
}

EXPORT CUresult cuMemHostAlloc(void** address, size_t bytes, unsigned)
{
    ENTER();
    if (!address) return CUDA_ERROR_INVALID_VALUE;
    if (int refused = forbidden_in_capture()) return refused;
    return allocate_host(bytes, address);
}

EXPORT CUresult cuMemAllocHost_v2(void** address, size_t bytes)
{
    ENTER();
    if (!address) return CUDA_ERROR_INVALID_VALUE;
    if (int refused = forbidden_in_capture()) return refused;
    return allocate_host(bytes, address);
}

EXPORT CUresult cuMemFreeHost(void* address)
{
    COUNT();
    if (!address) return CUDA_ERROR_INVALID_VALUE;
    synchronize_all();
    return free_host(address);
}

EXPORT CUresult cuMemHostGetDevicePointer_v2(uint64_t* address, void* host, unsigned)
{
    ENTER();
    if (!address || !host) return CUDA_ERROR_INVALID_VALUE;
    *address = reinterpret_cast<uint64_t>(host);
    return 0;
}

EXPORT CUresult cuMemGetInfo_v2(size_t* free, size_t* total)
{
    ENTER();
    if (!free || !total) return CUDA_ERROR_INVALID_VALUE;
    device_memory(*free, *total);
    return 0;
}

EXPORT CUresult cuMemGetAddressRange_v2(uint64_t* base, size_t* bytes, uint64_t address)
{
    ENTER();
    Allocation found;
    if (!find_allocation(pointer(address), found) || !found.live) return CUDA_ERROR_NOT_FOUND;
    if (base) *base = reinterpret_cast<uint64_t>(found.base);
    if (bytes) *bytes = found.bytes;
    return 0;
}

EXPORT CUresult cuMemcpyHtoD_v2(uint64_t destination, const void* source, size_t bytes)
{
    ENTER();
    return copy_and_wait(pointer(destination), source, bytes, __func__);
}

EXPORT CUresult cuMemcpyDtoH_v2(void* destination, uint64_t source, size_t bytes)
{
    ENTER();
    return copy_and_wait(destination, pointer(source), bytes, __func__);
}

EXPORT CUresult cuMemcpyDtoD_v2(uint64_t destination, uint64_t source, size_t bytes)
{
    ENTER();
    return copy_and_wait(pointer(destination), pointer(source), bytes, __func__);
}

EXPORT CUresult cuMemcpyHtoDAsync_v2(uint64_t destination, const void* source, size_t bytes, void* stream)
{
    ENTER();
    return copy_on(stream, pointer(destination), source, bytes, __func__);
}

EXPORT CUresult cuMemcpyDtoHAsync_v2(void* destination, uint64_t source, size_t bytes, void* stream)
{
    ENTER();
    return copy_on(stream, destination, pointer(source), bytes, __func__);
}

EXPORT CUresult cuMemcpyDtoDAsync_v2(uint64_t destination, uint64_t source, size_t bytes, void* stream)
{
    ENTER();
    return copy_on(stream, pointer(destination), pointer(source), bytes, __func__);
}

EXPORT CUresult cuMemcpyAsync(uint64_t destination, uint64_t source, size_t bytes, void* stream)
{
    ENTER();
    return copy_on(stream, pointer(destination), pointer(source), bytes, __func__);
}

EXPORT CUresult cuMemcpy(uint64_t destination, uint64_t source, size_t bytes)
{
    ENTER();
    return copy_and_wait(pointer(destination), pointer(source), bytes, __func__);
}

EXPORT CUresult cuMemsetD8_v2(uint64_t address, unsigned char value, size_t count)
{
    ENTER();
    return fill_on<unsigned char>(nullptr, address, value, count, __func__);
}

EXPORT CUresult cuMemsetD16_v2(uint64_t address, unsigned short value, size_t count)
{
    ENTER();
    return fill_on<unsigned short>(nullptr, address, value, count, __func__);
}

EXPORT CUresult cuMemsetD32_v2(uint64_t address, unsigned value, size_t count)
{
    ENTER();
    return fill_on<unsigned>(nullptr, address, value, count, __func__);
}

EXPORT CUresult cuMemsetD8Async(uint64_t address, unsigned char value, size_t count, void* stream)
{
    ENTER();
    return fill_on<unsigned char>(stream, address, value, count, __func__);
}

EXPORT CUresult cuMemsetD16Async(uint64_t address, unsigned short value, size_t count, void* stream)
{
    ENTER();
    return fill_on<unsigned short>(stream, address, value, count, __func__);
}

EXPORT CUresult cuMemsetD32Async(uint64_t address, unsigned value, size_t count, void* stream)
{
    ENTER();
    return fill_on<unsigned>(stream, address, value, count, __func__);
}

}

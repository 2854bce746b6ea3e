// Entry points: errors, devices, contexts.
#include <cstdio>
#include <cstring>

#include "control.h"
#include "driver.h"
#include "fault.h"
#include "memory.h"
#include "stream.h"

using namespace dwarf;

namespace
{

std::atomic<bool> initialized{false};
std::atomic<int> retained{0};
char the_context;
thread_local void* current = nullptr;

const struct { int status; const char* name; const char* text; } statuses[] = {
    {0, "CUDA_SUCCESS", "no error"},
    {1, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {2, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {3, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
    {100, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {101, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {200, "CUDA_ERROR_INVALID_IMAGE", "device kernel image is invalid"},
    {201, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
    {209, "CUDA_ERROR_NO_BINARY_FOR_GPU", "no kernel image is available for execution on the device"},
    {218, "CUDA_ERROR_INVALID_PTX", "a PTX JIT compilation failed"},
    {301, "CUDA_ERROR_FILE_NOT_FOUND", "file not found"},
    {400, "CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"},
    {401, "CUDA_ERROR_ILLEGAL_STATE", "the operation cannot be performed in the present state"},
    {500, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
    {600, "CUDA_ERROR_NOT_READY", "device not ready"},
    {700, "CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access was encountered"},
    {701, "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES", "too many resources requested for launch"},
    {702, "CUDA_ERROR_LAUNCH_TIMEOUT", "the launch timed out and was terminated"},
    {710, "CUDA_ERROR_ASSERT", "device-side assert triggered"},
    {715, "CUDA_ERROR_ILLEGAL_INSTRUCTION", "an illegal instruction was encountered"},
    {716, "CUDA_ERROR_MISALIGNED_ADDRESS", "misaligned address"},
    {719, "CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"},
    {801, "CUDA_ERROR_NOT_SUPPORTED", "operation not supported"},
    {900, "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED", "operation not permitted when stream is capturing"},
    {901, "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED", "operation failed due to a previous error during capture"},
    {903, "CUDA_ERROR_STREAM_CAPTURE_UNMATCHED", "capture was not initiated in this stream"},
    {904, "CUDA_ERROR_STREAM_CAPTURE_UNJOINED", "capturing stream has unjoined work"},
    {905, "CUDA_ERROR_STREAM_CAPTURE_ISOLATION", "dependency created on uncaptured work in another stream"},
    {906, "CUDA_ERROR_STREAM_CAPTURE_IMPLICIT", "operation would make the legacy stream depend on a capturing blocking stream"},
    {907, "CUDA_ERROR_CAPTURED_EVENT", "operation not permitted on an event last recorded in a capturing stream"},
    {999, "CUDA_ERROR_UNKNOWN", "unknown error"},
};

// What an H100 answers, as far as anybody here asks (NVIDIA's CUdevice_attribute numbers).
const struct { int attribute, value; } attributes[] = {
    {1, 1024}, {2, 1024}, {3, 1024}, {4, 64}, {5, 2147483647}, {6, 65535}, {7, 65535}, {8, 49152}, {9, 65536}, {10, 32}, {11, 2147483647},
    {12, 65536}, {13, 1980000}, {14, 512}, {15, 1}, {16, 132}, {17, 0}, {18, 0}, {19, 1}, {20, 0}, {31, 1}, {32, 1}, {33, 0}, {34, 0}, {35, 0},
    {36, 2619000}, {37, 5120}, {38, 52428800}, {39, 2048}, {40, 3}, {41, 1}, {50, 0}, {75, 9}, {76, 0}, {78, 1}, {79, 1}, {80, 1}, {81, 233472},
    {82, 65536}, {83, 0}, {84, 0}, {86, 1}, {87, 2}, {88, 0}, {89, 0}, {90, 1}, {91, 0}, {95, 0}, {97, 232448}, {106, 32}, {108, 0},
    {109, 0}, {111, 1024}, {115, 0},
};

}

namespace dwarf
{

int refusal()
{
    if (!initialized) return CUDA_ERROR_NOT_INITIALIZED;
    if (int failed = sticky_status()) return failed;
    return current ? 0 : CUDA_ERROR_INVALID_CONTEXT;
}

}

extern "C"
{

EXPORT CUresult cuInit(unsigned flags)
{
    COUNT();
    if (flags != 0) return CUDA_ERROR_INVALID_VALUE;
    initialized = true;
    return 0;
}

EXPORT CUresult cuDriverGetVersion(int* version)
{
    COUNT();
    if (!version) return CUDA_ERROR_INVALID_VALUE;
    *version = 12080;
    return 0;
}

EXPORT CUresult cuGetErrorName(CUresult status, const char** name)
{
    COUNT();
    if (!name) return CUDA_ERROR_INVALID_VALUE;
    for (const auto& known : statuses)
        if (known.status == status)
        {
            *name = known.name;
            return 0;
        }
    *name = nullptr;
    return CUDA_ERROR_INVALID_VALUE;
}

EXPORT CUresult cuGetErrorString(CUresult status, const char** text)
{
    COUNT();
    if (!text) return CUDA_ERROR_INVALID_VALUE;
    for (const auto& known : statuses)
        if (known.status == status)
        {
            *text = known.text;
            return 0;
        }
    *text = nullptr;
    return CUDA_ERROR_INVALID_VALUE;
}

EXPORT CUresult cuDeviceGetCount(int* count)
{
    COUNT();
    if (!initialized) return CUDA_ERROR_NOT_INITIALIZED;
    if (!count) return CUDA_ERROR_INVALID_VALUE;
    *count = 1;
    return 0;
}

EXPORT CUresult cuDeviceGet(int* device, int ordinal)
{
    COUNT();
    if (!initialized) return CUDA_ERROR_NOT_INITIALIZED;
    if (!device) return CUDA_ERROR_INVALID_VALUE;
    if (ordinal != 0) return CUDA_ERROR_INVALID_DEVICE;
    *device = 0;
    return 0;
}

EXPORT CUresult cuDeviceGetName(char* name, int length, int device)
{
    COUNT();
    if (!name || length < 1) return CUDA_ERROR_INVALID_VALUE;
    if (device != 0) return CUDA_ERROR_INVALID_DEVICE;
    snprintf(name, size_t(length), "DWARF emulated sm_90");
    return 0;
}

EXPORT CUresult cuDeviceGetAttribute(int* value, int attribute, int device)
{
    COUNT();
    if (!value) return CUDA_ERROR_INVALID_VALUE;
    if (device != 0) return CUDA_ERROR_INVALID_DEVICE;
    for (const auto& known : attributes)
        if (known.attribute == attribute)
        {
            *value = known.value;
            return 0;
        }
    explain("cuDeviceGetAttribute: attribute " + std::to_string(attribute) + " has no emulated value");
    return CUDA_ERROR_INVALID_VALUE;
}

EXPORT CUresult cuDeviceGetUuid_v2(unsigned char* uuid, int device)
{
    COUNT();
    if (!uuid || device != 0) return CUDA_ERROR_INVALID_VALUE;
    memset(uuid, 0xd0, 16);
    return 0;
}

EXPORT CUresult cuDeviceTotalMem_v2(size_t* bytes, int device)
{
    COUNT();
    if (!bytes) return CUDA_ERROR_INVALID_VALUE;
    if (device != 0) return CUDA_ERROR_INVALID_DEVICE;
    size_t free, total;
    device_memory(free, total);
    *bytes = total;
    return 0;
}

EXPORT CUresult cuDevicePrimaryCtxRetain(void** context, int device)
{
    COUNT();
    if (!initialized) return CUDA_ERROR_NOT_INITIALIZED;
    if (!context) return CUDA_ERROR_INVALID_VALUE;
    if (device != 0) return CUDA_ERROR_INVALID_DEVICE;
    retained++;
    *context = &the_context;
    return 0;
}

EXPORT CUresult cuDevicePrimaryCtxRelease_v2(int device)
{
    COUNT();
    if (device != 0) return CUDA_ERROR_INVALID_DEVICE;
    if (retained == 0) return CUDA_ERROR_INVALID_CONTEXT;
    retained--;
    return 0;
}

// A new context after a fault. Memory and modules stay here, which a real device would lose.
EXPORT CUresult cuDevicePrimaryCtxReset_v2(int device)
{
    COUNT();
    if (device != 0) return CUDA_ERROR_INVALID_DEVICE;
    reset_fault();
    return 0;
}

EXPORT CUresult cuCtxSetCurrent(void* context)
{
    COUNT();
    if (!initialized) return CUDA_ERROR_NOT_INITIALIZED;
    if (context && context != &the_context) return CUDA_ERROR_INVALID_CONTEXT;
    current = context;
    return 0;
}

EXPORT CUresult cuCtxGetCurrent(void** context)
{
    COUNT();
    if (!initialized) return CUDA_ERROR_NOT_INITIALIZED;
    if (!context) return CUDA_ERROR_INVALID_VALUE;
    *context = current;
    return 0;
}

EXPORT CUresult cuCtxPushCurrent_v2(void* context) { return cuCtxSetCurrent(context); }

EXPORT CUresult cuCtxPopCurrent_v2(void** context)
{
    COUNT();
    if (!current) return CUDA_ERROR_INVALID_CONTEXT;
    if (context) *context = current;
    current = nullptr;
    return 0;
}

EXPORT CUresult cuCtxGetDevice(int* device)
{
    ENTER();
    if (!device) return CUDA_ERROR_INVALID_VALUE;
    *device = 0;
    return 0;
}

EXPORT CUresult cuCtxSynchronize()
{
    ENTER();
    return synchronize_all();
}

}

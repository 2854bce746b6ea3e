// A CUDA driver, NVRTC and cuBLAS in one library, as far as Engine.Kernels calls them: memory is the host's, everything runs at once, and a
// launch is handed to the test process, which interprets the kernel's PTX. "Compiling" only notes the file and its options.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <map>
#include <mutex>
#include <string>

#define API extern "C" __attribute__((visibility("default")))

namespace
{
struct Function
{
    std::string image, name;
};

struct Program
{
    std::string path, image;
};

typedef int (*Launch)(const char* image, const char* kernel, const unsigned* sizes, int shared, void** arguments);
typedef void (*Allocated)(uint64_t address, uint64_t bytes);

Launch s_launch;
Allocated s_allocated;
std::map<uint64_t, uint64_t> s_pieces;   // address to size
std::mutex s_lock;

constexpr int OK = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, ILLEGAL_ADDRESS = 700, NOT_SUPPORTED = 801;
}

// Whether all of [address, address + bytes) is one piece's memory: copies and products are held to it as kernels are.
bool ptx_holds(const void* address, uint64_t bytes)
{
    if (bytes == 0) return true;
    std::lock_guard<std::mutex> guard(s_lock);
    auto after = s_pieces.upper_bound((uint64_t)address);
    if (after == s_pieces.begin()) return false;
    auto piece = std::prev(after);
    return (uint64_t)address + bytes <= piece->first + piece->second;
}

// `allocated` hears of every piece of memory; a size of 0 means that the piece is gone.
API void ptx_connect(Launch launch, Allocated allocated) { s_launch = launch, s_allocated = allocated; }

API int cuInit(unsigned) { return OK; }
API int cuDriverGetVersion(int* version) { return *version = 12040, OK; }
API int cuGetErrorName(int error, const char** text)
{
    *text = error == NOT_SUPPORTED ? "CUDA_ERROR_NOT_SUPPORTED" : error == 719 ? "CUDA_ERROR_LAUNCH_FAILED"
        : error == 700 ? "CUDA_ERROR_ILLEGAL_ADDRESS" : "CUDA_ERROR_INVALID_VALUE";
    return OK;
}
API int cuDeviceGetCount(int* count) { return *count = 1, OK; }
API int cuDeviceGet(int* device, int ordinal) { return *device = ordinal, OK; }
API int cuDeviceGetName(char* name, int length, int) { return strncpy(name, "PTX interpreter", (size_t)length), OK; }
API int cuDeviceTotalMem_v2(size_t* bytes, int) { return *bytes = (size_t)4 << 30, OK; }
API int cuDeviceGetAttribute(int* value, int attribute, int)
{
    switch (attribute)
    {
        case 1: case 2: case 3: *value = 1024; break;                  // threads of a block; its x and y
        case 4: *value = 64; break;
        case 5: *value = 0x7fffffff; break;                            // grid
        case 6: case 7: *value = 65535; break;
        case 8: *value = 48 * 1024; break;                             // shared memory of a block
        case 97: *value = 163 * 1024; break;                           // the same, for those that ask
        case 16: *value = 108; break;
        case 39: *value = 2048; break;
        case 75: *value = 8; break;
        case 76: *value = 0; break;
        case 81: *value = 164 * 1024; break;
        case 82: *value = 65536; break;
        case 10: *value = 32; break;
        default: *value = 0; break;
    }
    return OK;
}

API int cuDevicePrimaryCtxRetain(void** context, int) { return *context = (void*)1, OK; }
API int cuDevicePrimaryCtxRelease_v2(int) { return OK; }
API int cuCtxSetCurrent(void*) { return OK; }
API int cuCtxSynchronize() { return OK; }

API int cuModuleLoadData(void** module, const void* image) { return *module = new std::string((const char*)image), OK; }
API int cuModuleUnload(void* module) { return delete (std::string*)module, OK; }
API int cuModuleGetFunction(void** function, void* module, const char* name)
{
    return *function = new Function{*(std::string*)module, name}, OK;
}
API int cuFuncGetAttribute(int* value, int attribute, void*) { return *value = attribute == 0 ? 1024 : 0, OK; }
API int cuFuncSetAttribute(void*, int, int) { return OK; }
API int cuLaunchKernel(void* function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared, void*,
                       void** arguments, void**)
{
    const unsigned sizes[6] = {gx, gy, gz, bx, by, bz};
    auto* f = (Function*)function;
    return s_launch(f->image.c_str(), f->name.c_str(), sizes, (int)shared, arguments);
}

API int cuMemAlloc_v2(uint64_t* address, size_t bytes)
{
    void* memory = aligned_alloc(256, (bytes + 255) / 256 * 256);
    if (memory == nullptr) return OUT_OF_MEMORY;
    memset(memory, 0xff, bytes);   // NaN in every floating type
    s_allocated(*address = (uint64_t)memory, bytes);
    std::lock_guard<std::mutex> guard(s_lock);
    s_pieces[*address] = bytes;
    return OK;
}
API int cuMemFree_v2(uint64_t address)
{
    s_allocated(address, 0);
    std::lock_guard<std::mutex> guard(s_lock);
    if (s_pieces.erase(address) == 0) return INVALID_VALUE;
    free((void*)address);
    return OK;
}
API int cuMemHostAlloc(void** address, size_t bytes, unsigned) { return (*address = malloc(bytes)) != nullptr ? OK : OUT_OF_MEMORY; }
API int cuMemFreeHost(void* address) { return free(address), OK; }
API int cuMemGetInfo_v2(size_t* available, size_t* total) { return *available = *total = (size_t)4 << 30, OK; }
API int cuMemcpyHtoDAsync_v2(uint64_t to, const void* from, size_t bytes, void*)
{
    return ptx_holds((void*)to, bytes) ? (memcpy((void*)to, from, bytes), OK) : ILLEGAL_ADDRESS;
}
API int cuMemcpyDtoHAsync_v2(void* to, uint64_t from, size_t bytes, void*)
{
    return ptx_holds((void*)from, bytes) ? (memcpy(to, (void*)from, bytes), OK) : ILLEGAL_ADDRESS;
}
API int cuMemcpyDtoDAsync_v2(uint64_t to, uint64_t from, size_t bytes, void*)
{
    return ptx_holds((void*)to, bytes) && ptx_holds((void*)from, bytes) ? (memmove((void*)to, (void*)from, bytes), OK) : ILLEGAL_ADDRESS;
}
API int cuMemsetD8Async(uint64_t address, unsigned char value, size_t bytes, void*)
{
    return ptx_holds((void*)address, bytes) ? (memset((void*)address, value, bytes), OK) : ILLEGAL_ADDRESS;
}

API int cuStreamCreate(void** stream, unsigned) { return *stream = (void*)1, OK; }
API int cuStreamDestroy_v2(void*) { return OK; }
API int cuStreamSynchronize(void*) { return OK; }
API int cuStreamWaitEvent(void*, void*, unsigned) { return OK; }
API int cuEventCreate(void** event, unsigned) { return *event = (void*)1, OK; }
API int cuEventDestroy_v2(void*) { return OK; }
API int cuEventRecord(void*, void*) { return OK; }
API int cuEventQuery(void*) { return OK; }
API int cuEventSynchronize(void*) { return OK; }
API int cuEventElapsedTime(float* milliseconds, void*, void*) { return *milliseconds = 0, OK; }

// Graphs are the emulator's business.
API int cuStreamBeginCapture_v2(void*, int) { return NOT_SUPPORTED; }
API int cuStreamEndCapture(void*, void**) { return NOT_SUPPORTED; }
API int cuGraphGetNodes(void*, void*, size_t*) { return NOT_SUPPORTED; }
API int cuGraphInstantiateWithFlags(void**, void*, unsigned long long) { return NOT_SUPPORTED; }
API int cuGraphLaunch(void*, void*) { return NOT_SUPPORTED; }
API int cuGraphExecDestroy(void*) { return NOT_SUPPORTED; }
API int cuGraphDestroy(void*) { return NOT_SUPPORTED; }

API int nvrtcVersion(int* major, int* minor) { return *major = 12, *minor = 4, OK; }
API const char* nvrtcGetErrorString(int) { return "NVRTC_ERROR"; }
API int nvrtcGetNumSupportedArchs(int* count) { return *count = 2, OK; }
API int nvrtcGetSupportedArchs(int* architectures) { return architectures[0] = 80, architectures[1] = 90, OK; }
API int nvrtcCreateProgram(void** program, const char*, const char* name, int, const char**, const char**)
{
    return *program = new Program{name, ""}, OK;
}
API int nvrtcDestroyProgram(void** program) { return delete (Program*)*program, *program = nullptr, OK; }
API int nvrtcCompileProgram(void* program, int count, const char** options)
{
    auto* p = (Program*)program;
    p->image = p->path;
    for (int i = 0; i < count; i++) p->image += std::string("\n") + options[i];
    return OK;
}
API int nvrtcAddNameExpression(void*, const char*) { return INVALID_VALUE; }
API int nvrtcGetLoweredName(void*, const char*, const char**) { return INVALID_VALUE; }
API int nvrtcGetProgramLogSize(void*, size_t* bytes) { return *bytes = 1, OK; }
API int nvrtcGetProgramLog(void*, char* log) { return *log = 0, OK; }
API int nvrtcGetPTXSize(void* program, size_t* bytes) { return *bytes = ((Program*)program)->image.size() + 1, OK; }
API int nvrtcGetPTX(void* program, char* image) { return strcpy(image, ((Program*)program)->image.c_str()), OK; }
API int nvrtcGetCUBINSize(void* program, size_t* bytes) { return nvrtcGetPTXSize(program, bytes); }
API int nvrtcGetCUBIN(void* program, char* image) { return nvrtcGetPTX(program, image); }

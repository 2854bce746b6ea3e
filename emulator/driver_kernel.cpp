// Entry points: modules, functions, launches.
#include <cstdio>

#include "module.h"
#include "stream.h"

using namespace dwarf;

namespace
{

constexpr unsigned SharedOptIn = 232448, StaticLimit = 48 * 1024;

Handles<Module>& modules()
{
    static auto* handles = new Handles<Module>;
    return *handles;
}

Handles<Kernel>& kernels()
{
    static auto* handles = new Handles<Kernel>;
    return *handles;
}

int load(void** module, const void* image)
{
    if (!module || !image) return CUDA_ERROR_INVALID_VALUE;
    Module* loaded = nullptr;
    std::string why;
    int status = load_module(image, &loaded, why);
    if (status != 0)
    {
        explain("cuModuleLoadData: " + why);
        return status;
    }
    modules().add(loaded);
    for (auto& kernel : loaded->kernels) kernels().add(kernel.second);
    *module = loaded;
    return 0;
}

int refuse(const Kernel& kernel, int status, const std::string& why)
{
    explain(kernel.name + ": " + why);
    return status;
}

// What a device would refuse; 0 where it would launch.
int check_limits(const Kernel& kernel, dim3 grid, dim3 block, unsigned shared_bytes)
{
    auto shape = [](dim3 d) { return std::to_string(d.x) + "," + std::to_string(d.y) + "," + std::to_string(d.z); };
    uint64_t threads = uint64_t(block.x) * block.y * block.z;
    if (threads == 0 || block.x > 1024 || block.y > 1024 || block.z > 64 || threads > 1024)
        return refuse(kernel, CUDA_ERROR_INVALID_VALUE, "block " + shape(block) + " is not within 1024,1024,64 and 1024 threads");
    if (grid.x == 0 || grid.y == 0 || grid.z == 0 || grid.x > 2147483647u || grid.y > 65535 || grid.z > 65535)
        return refuse(kernel, CUDA_ERROR_INVALID_VALUE, "grid " + shape(grid) + " is not within 2147483647,65535,65535");
    if (kernel.entry->max_threads > 0 && threads > uint64_t(kernel.entry->max_threads))
        return refuse(kernel, CUDA_ERROR_INVALID_VALUE, "block of " + std::to_string(threads) + " threads, but __launch_bounds__("
            + std::to_string(kernel.entry->max_threads) + ")");
    if (shared_bytes > kernel.dynamic_limit)
        return refuse(kernel, CUDA_ERROR_INVALID_VALUE, std::to_string(shared_bytes) + " bytes of dynamic shared memory, limit "
            + std::to_string(kernel.dynamic_limit) + " (raised by cuFuncSetAttribute up to " + std::to_string(SharedOptIn - kernel.static_shared) + ")");
    if (kernel.static_shared > StaticLimit)
        return refuse(kernel, CUDA_ERROR_INVALID_VALUE, std::to_string(kernel.static_shared) + " bytes of static shared memory, limit "
            + std::to_string(StaticLimit));
    return 0;
}

}

extern "C"
{

EXPORT CUresult cuModuleLoadData(void** module, const void* image)
{
    ENTER();
    return load(module, image);
}

EXPORT CUresult cuModuleLoadDataEx(void** module, const void* image, unsigned, int*, void**)
{
    ENTER();
    return load(module, image);
}

EXPORT CUresult cuModuleUnload(void* handle)
{
    COUNT();
    Module* module = modules().find(handle);
    if (!module) return CUDA_ERROR_INVALID_HANDLE;
    synchronize_all();
    modules().remove(module);
    for (auto& kernel : module->kernels) kernels().remove(kernel.second);
    unload_module(module);
    return 0;
}

EXPORT CUresult cuModuleGetFunction(void** function, void* handle, const char* name)
{
    ENTER();
    if (!function || !name) return CUDA_ERROR_INVALID_VALUE;
    Module* module = modules().find(handle);
    if (!module) return CUDA_ERROR_INVALID_HANDLE;
    auto found = module->kernels.find(name);
    if (found == module->kernels.end())
    {
        std::string known;
        for (auto& kernel : module->kernels) known += (known.empty() ? "" : ", ") + kernel.first;
        explain("no kernel " + std::string(name) + " in the module; it has " + (known.empty() ? "none" : known));
        return CUDA_ERROR_NOT_FOUND;
    }
    *function = found->second;
    return 0;
}

EXPORT CUresult cuModuleGetGlobal_v2(uint64_t*, size_t*, void*, const char*) { return not_supported(__func__); }

EXPORT CUresult cuFuncGetAttribute(int* value, int attribute, void* handle)
{
    ENTER();
    Kernel* kernel = kernels().find(handle);
    if (!kernel) return CUDA_ERROR_INVALID_HANDLE;
    if (!value) return CUDA_ERROR_INVALID_VALUE;
    switch (attribute)
    {
        case 0: *value = kernel->entry->max_threads > 0 ? kernel->entry->max_threads : 1024; return 0;
        case 1: *value = int(kernel->static_shared); return 0;
        case 5: case 6: *value = 90; return 0;
        case 8: *value = int(kernel->dynamic_limit); return 0;
        case 9: *value = -1; return 0;
        // constant and local bytes, registers: the host's compiler knows nothing of them
        case 2: case 3: case 4: case 7: *value = 0; return 0;
        default: return CUDA_ERROR_INVALID_VALUE;
    }
}

EXPORT CUresult cuFuncSetAttribute(void* handle, int attribute, int value)
{
    ENTER();
    Kernel* kernel = kernels().find(handle);
    if (!kernel) return CUDA_ERROR_INVALID_HANDLE;
    if (attribute == 9) return value < -1 || value > 100 ? CUDA_ERROR_INVALID_VALUE : 0;
    if (attribute != 8 || value < 0 || unsigned(value) + kernel->static_shared > SharedOptIn)
    {
        return refuse(*kernel, CUDA_ERROR_INVALID_VALUE, "cuFuncSetAttribute: " + std::to_string(value) + " bytes of dynamic shared memory, limit "
            + std::to_string(SharedOptIn - kernel->static_shared));
    }
    kernel->dynamic_limit = unsigned(value);
    return 0;
}

EXPORT CUresult cuFuncGetParamInfo(void* handle, size_t index, size_t* offset, size_t* bytes)
{
    ENTER();
    Kernel* kernel = kernels().find(handle);
    if (!kernel) return CUDA_ERROR_INVALID_HANDLE;
    if (index >= size_t(kernel->entry->count)) return CUDA_ERROR_INVALID_VALUE;
    if (offset) *offset = kernel->offsets[index];
    if (bytes) *bytes = kernel->entry->sizes[index];
    return 0;
}

EXPORT CUresult cuFuncSetCacheConfig(void* handle, int)
{
    ENTER();
    return kernels().find(handle) ? 0 : CUDA_ERROR_INVALID_HANDLE;
}

EXPORT CUresult cuOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, void* handle, int block, size_t shared_bytes)
{
    ENTER();
    Kernel* kernel = kernels().find(handle);
    if (!kernel) return CUDA_ERROR_INVALID_HANDLE;
    if (!blocks || block < 1 || block > 1024) return CUDA_ERROR_INVALID_VALUE;
    size_t each = kernel->static_shared + shared_bytes + 1024;     // registers are not known
    int by_threads = 2048 / ((block + 31) / 32 * 32), by_shared = int(233472 / each);
    *blocks = by_threads < by_shared ? by_threads : by_shared;
    if (*blocks > 32) *blocks = 32;
    return 0;
}

EXPORT CUresult cuLaunchKernel(void* handle, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x, unsigned block_y, unsigned block_z,
                               unsigned shared_bytes, void* stream_handle, void** parameters, void** extra)
{
    ENTER();
    Kernel* kernel = kernels().find(handle);
    Stream* stream = find_stream(stream_handle);
    if (!kernel || !stream) return CUDA_ERROR_INVALID_HANDLE;
    dim3 grid(grid_x, grid_y, grid_z), block(block_x, block_y, block_z);
    if (int refused = check_limits(*kernel, grid, block, shared_bytes)) return refused;
    if (extra) return not_supported("cuLaunchKernel with `extra`");
    if (kernel->entry->count > 0 && !parameters) return CUDA_ERROR_INVALID_VALUE;
    if (immediate(*stream))
    {
        // nothing to copy: the launch is over before the caller can change its arguments
        Launch launch{kernel, grid, block, shared_bytes, parameters, 0};
        return run_launch(launch);
    }
    return enqueue(*stream, std::make_shared<LaunchWork>(*kernel, grid, block, shared_bytes, parameters));
}

}

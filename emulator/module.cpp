#include "module.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <mutex>
#include <set>
#include <sys/mman.h>
#include <unistd.h>

#include "compile.h"
#include "driver.h"
#include "schedule.h"

namespace dwarf
{

namespace
{

// Between two static objects, so that running over one's end is seen and hits nothing.
constexpr unsigned Gap = 128, CheckedGap = 8192;

std::mutex module_lock;
std::map<std::string, Place> places;

size_t image_bytes(const char* image)
{
    const Elf64_Ehdr* header = reinterpret_cast<const Elf64_Ehdr*>(image);
    if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 || header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_machine != EM_X86_64) return 0;
    return header->e_shoff + size_t(header->e_shnum) * header->e_shentsize;
}

int nibble(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; }

std::string from_ptx(const char* text)
{
    std::string bytes;
    for (text += strlen(EmulatedPtx); nibble(text[0]) >= 0 && nibble(text[1]) >= 0; text += 2) bytes += char(nibble(text[0]) << 4 | nibble(text[1]));
    return bytes;
}

// Objects of device functions first, which any kernel may reach; those of different kernels share what follows.
// What the static objects of one kernel take: here with gaps, and on a device without them.
struct Extent { unsigned end, bytes; };

// Gives every object its place. By the kernels' own names; "" for those that have no objects of their own.
std::map<std::string, Extent> place_shared(Module& module)
{
    Extent common{0, 0};
    std::map<std::string, Extent> groups, kernels;
    unsigned gap = module.info->checked ? CheckedGap : Gap;
    auto put = [gap](dwarf_shared_object& object, Extent& extent) {
        unsigned step = std::max(object.alignment, Gap);
        object.offset = (extent.end + step - 1) / step * step;
        extent.end = object.offset + object.bytes + gap;
        extent.bytes = (extent.bytes + object.alignment - 1) / object.alignment * object.alignment + object.bytes;
    };
    for (dwarf_shared_object* object = *module.info->shared; object; object = object->next)
        if (object->scope[0] == 0) put(*object, common);
    kernels[""] = common;
    for (dwarf_shared_object* object = *module.info->shared; object; object = object->next)
    {
        if (object->scope[0] == 0) continue;
        // one group for each instance of a template: function() ends in "[with T = …]"
        std::string group = object->function, mark = "dwarf_tag_";
        size_t tag = group.find(mark), rest = group.find(')', tag == std::string::npos ? 0 : tag);
        if (tag != std::string::npos && rest != std::string::npos) group.erase(tag, rest - tag);
        Extent& own = groups.emplace(group, common).first->second;
        put(*object, own);
        Extent& kernel = kernels.emplace(object->scope, common).first->second;
        kernel = Extent{std::max(kernel.end, own.end), std::max(kernel.bytes, own.bytes)};
    }
    return kernels;
}

}

int load_module(const void* image, Module** result, std::string& why)
{
    const char* bytes = static_cast<const char*>(image);
    std::string decoded;
    if (strncmp(bytes, EmulatedPtx, strlen(EmulatedPtx)) == 0)
    {
        decoded = from_ptx(bytes);
        bytes = decoded.data();
        if (decoded.size() < sizeof(Elf64_Ehdr)) return 218;
    }
    size_t size = image_bytes(bytes);
    if (size == 0)
    {
        why = "the image is not one that the emulated NVRTC made";
        return 200;
    }
    int file = memfd_create("dwarf-module", MFD_CLOEXEC);
    if (file < 0 || write(file, bytes, size) != ssize_t(size)) return 200;
    Module* module = new Module{};
    module->file = file;
    // The descriptor stays open: its name must not come to mean another module.
    module->path = "/proc/self/fd/" + std::to_string(file);
    module->library = dlopen(module->path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!module->library)
    {
        why = dlerror();
        close(file);
        delete module;
        return 200;
    }
    module->info = static_cast<const dwarf_module*>(dlsym(module->library, "dwarf_module_info"));
    if (!module->info || module->info->version != DWARF_MODULE_VERSION)
    {
        why = "the image was made by another version of the emulator";
        dlclose(module->library);
        close(file);
        delete module;
        return 209;
    }
    std::map<std::string, Extent> extents = place_shared(*module);
    unsigned largest = 0;
    for (const dwarf_kernel_entry* entry = module->info->kernels; entry; entry = entry->next)
    {
        auto own = extents.find(entry->scope);
        Extent extent = own == extents.end() ? extents[""] : own->second;
        Kernel* kernel = new Kernel{module, entry, entry->title, extent.bytes, (extent.end + 127) / 128 * 128, 0, {}, 0};
        largest = std::max(largest, kernel->shared_end);
        kernel->dynamic_limit = kernel->static_shared < 48 * 1024 ? 48 * 1024 - kernel->static_shared : 0;
        for (int i = 0; i < entry->count; i++)
        {
            kernel->offsets.push_back(kernel->parameter_bytes);
            kernel->parameter_bytes += (entry->sizes[i] + 15) / 16 * 16;
        }
        module->kernels[entry->name] = kernel;
    }
    if (largest > SharedBytes / 2)
    {
        why = "static shared memory of " + std::to_string(largest) + " bytes is more than any device has";
        unload_module(module);
        return 200;
    }
    *result = module;
    return 0;
}

void unload_module(Module* module)
{
    for (auto& kernel : module->kernels) delete kernel.second;
    dlclose(module->library);
    close(module->file);
    delete module;
    std::lock_guard<std::mutex> guard(module_lock);
    places.clear();      // another module may come to lie at the same place
}

Place locate(const void* code)
{
    Place place;
    Dl_info info;
    if (!code || !dladdr(code, &info) || !info.dli_fname) return place;
    size_t offset = size_t(static_cast<const char*>(code) - static_cast<const char*>(info.dli_fbase));
    std::string file = info.dli_fname, self = "/proc/self/";
    place.in_module = file.compare(0, self.size(), self) == 0;
    if (place.in_module) file = "/proc/" + std::to_string(getpid()) + "/" + file.substr(self.size());
    char text[32];
    snprintf(text, sizeof text, "0x%zx", offset);
    std::string key = file + text;
    {
        std::lock_guard<std::mutex> guard(module_lock);
        auto known = places.find(key);
        if (known != places.end()) return known->second;
    }
    std::string output;
    if (run_program({"addr2line", "-f", "-C", "-e", file, text}, "", output) == 0)
    {
        size_t line_end = output.find('\n');
        place.function = output.substr(0, line_end);
        std::string where = line_end == std::string::npos ? "" : output.substr(line_end + 1);
        size_t colon = where.find(':');
        while (colon != std::string::npos && where.find(':', colon + 1) != std::string::npos) colon = where.find(':', colon + 1);
        if (colon != std::string::npos && where[0] != '?')
        {
            place.file = where.substr(0, colon);
            while (place.file.compare(0, 2, "./") == 0) place.file.erase(0, 2);
            place.line = atoi(where.c_str() + colon + 1);
        }
    }
    std::lock_guard<std::mutex> guard(module_lock);
    places[key] = place;
    return place;
}

}

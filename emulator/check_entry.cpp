// The calls that -fsanitize=thread,alignment puts into a kernel's code, and what the host program asks the instruments.
#include <cstring>

#include "check_state.h"
#include "memory.h"
#include "pool.h"

#define EXPORT extern "C" __attribute__((visibility("default")))
#define HERE reinterpret_cast<uintptr_t>(__builtin_return_address(0))

using namespace dwarf;
using namespace dwarf::check;

#define WORD(bytes)                                                                                                                        \
    EXPORT void __tsan_read##bytes(void* at) { access(at, bytes, 0, false, HERE, Site{}); }                                                \
    EXPORT void __tsan_write##bytes(void* at) { access(at, bytes, Write, false, HERE, Site{}); }                                           \
    EXPORT void __tsan_volatile_read##bytes(void* at) { access(at, bytes, Volatile, false, HERE, Site{}); }                                \
    EXPORT void __tsan_volatile_write##bytes(void* at) { access(at, bytes, Write | Volatile, false, HERE, Site{}); }                       \
    EXPORT void __tsan_unaligned_read##bytes(void* at) { access(at, bytes, 0, true, HERE, Site{}); }                                       \
    EXPORT void __tsan_unaligned_write##bytes(void* at) { access(at, bytes, Write, true, HERE, Site{}); }
WORD(1)
WORD(2)
WORD(4)
WORD(8)
WORD(16)

EXPORT void __tsan_read_range(void* at, size_t bytes) { access(at, uint32_t(bytes), 0, true, HERE, Site{}); }
EXPORT void __tsan_write_range(void* at, size_t bytes) { access(at, uint32_t(bytes), Write, true, HERE, Site{}); }
EXPORT void __tsan_init() {}
EXPORT void __tsan_vptr_update(void**, void*) {}
EXPORT void __tsan_func_entry(void*) {}
EXPORT void __tsan_func_exit() {}

// -fsanitize=alignment: a pointer is followed whose type wants another alignment. This is seen even where the compiler moves the parts
// of a float4 one by one.
struct Type { uint16_t kind, info; char name[1]; };
struct Misalignment
{
    const char* file;
    uint32_t line, column;
    const Type* type;
    unsigned char log_alignment, check;
};

EXPORT void __ubsan_handle_type_mismatch_v1(Misalignment* data, uintptr_t address)
{
    misaligned(reinterpret_cast<const void*>(address), 1u << data->log_alignment, data->type->name, HERE);
}

// Before the first allocation and the first compilation. Mode: 0 plain, 1 counting, 2 checking. `samples`: how many instructions of each
// line are kept with their addresses.
EXPORT void dwarf_check_mode(int mode, int samples)
{
    install(static_cast<Mode>(mode), samples);
    set_worker_count(mode == 0 ? 0 : 1);
    set_allocation_gap(mode == 2 ? size_t(16) << 30 : 0);
}

// All launches since the last clear, as a JSON array; returns the bytes needed, with the zero at the end.
EXPORT size_t dwarf_check_report(char* text, size_t capacity)
{
    std::string all = json();
    if (text && capacity > all.size()) memcpy(text, all.c_str(), all.size() + 1);
    return all.size() + 1;
}

EXPORT void dwarf_check_clear() { clear_records(); }

// What messages call the allocation at an address.
EXPORT void dwarf_check_name(void* base, const char* name) { global_named(base, name); }

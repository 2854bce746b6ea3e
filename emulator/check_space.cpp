#include "check_space.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>

namespace dwarf::check
{

namespace
{

std::map<char*, std::unique_ptr<Object>>& globals()
{
    static auto* table = new std::map<char*, std::unique_ptr<Object>>;      // leaked: threads may outlive the statics
    return *table;
}

std::vector<std::unique_ptr<Object>>& shared_objects()
{
    static auto* table = new std::vector<std::unique_ptr<Object>>;
    return *table;
}

char* s_shared_begin = nullptr;
char* s_shared_end = nullptr;
Object* s_last = nullptr;               // most accesses go where the last one went

// How far past an allocation an address still counts as meant for it: the runtime leaves this much room in checked mode.
constexpr size_t Reach = size_t(1) << 36;

size_t distance(const Object& object, const char* address)
{
    if (address < object.base) return size_t(object.base - address);
    return address < object.base + object.bytes ? 0 : size_t(address - (object.base + object.bytes)) + 1;
}

Where find_shared(char* address, size_t bytes)
{
    Object* nearest = nullptr;
    for (auto& object : shared_objects())
    {
        size_t offset = object->offset(address);
        if (address >= object->base && offset < object->bytes) return {object.get(), offset + bytes <= object->bytes};
        if (!nearest || distance(*object, address) < distance(*nearest, address)) nearest = object.get();
    }
    return {nearest, false};
}

Where find_global(char* address, size_t bytes)
{
    auto& table = globals();
    if (table.empty()) return {nullptr, false};
    auto after = table.upper_bound(address);
    Object* below = after == table.begin() ? nullptr : std::prev(after)->second.get();
    if (below && distance(*below, address) == 0)
    {
        if (below->live) s_last = below;
        return {below, below->live && below->offset(address) + bytes <= below->bytes};
    }
    // What was freed explains only its own bytes: an address beside it is meant for the nearest allocation that lives.
    below = nullptr;
    for (auto place = after; place != table.begin() && !below;)
        if ((--place)->second->live) below = place->second.get();
    Object* above = nullptr;
    for (auto place = after; place != table.end() && !above; ++place)
        if (place->second->live) above = place->second.get();
    if (!below && !above) return {nullptr, false};
    Object* nearest = !below || (above && distance(*above, address) < distance(*below, address)) ? above : below;
    return distance(*nearest, address) < Reach ? Where{nearest, false} : Where{nullptr, false};
}

}

Cell* Object::split(Cell& cell)
{
    if (cell.parts == 0)
    {
        Cell whole = cell;
        byte_cells.resize(byte_cells.size() + 4, whole);
        cell.parts = uint32_t(byte_cells.size() - 4) + 1;
    }
    return &byte_cells[cell.parts - 1];
}

void Object::mark_written(size_t from, size_t count)
{
    if (all_written) return;
    if (from == 0 && count >= bytes)
    {
        all_written = true;
        written.clear();
        written.shrink_to_fit();
        return;
    }
    if (written.empty()) written.resize(bytes);
    memset(written.data() + from, 1, std::min(count, bytes - from));
}

long Object::first_unwritten(size_t from, size_t count) const
{
    if (all_written) return -1;
    if (written.empty()) return long(from);
    for (size_t i = from; i < from + count; i++)
        if (!written[i]) return long(i);
    return -1;
}

void global_added(void* base, size_t bytes, const std::string& name)
{
    char* start = static_cast<char*>(base);
    auto object = std::make_unique<Object>();
    object->base = start;
    object->bytes = bytes;
    object->space = Space::global;
    object->name = name;
    // What an earlier allocation left behind here is forgotten.
    auto& table = globals();
    auto first = table.lower_bound(start);
    if (first != table.begin())
    {
        auto before = std::prev(first);
        if (!before->second->live && before->second->base + before->second->bytes > start) table.erase(before);
    }
    while (first != table.end() && first->first < start + bytes) first = table.erase(first);
    table[start] = std::move(object);
    s_last = nullptr;
}

void global_removed(void* base)
{
    auto found = globals().find(static_cast<char*>(base));
    if (found == globals().end()) return;
    Object& object = *found->second;
    object.live = false;
    object.cells = {};
    object.byte_cells = {};
    object.written = {};
    s_last = nullptr;
}

void global_forgotten(void* base)
{
    globals().erase(static_cast<char*>(base));
    s_last = nullptr;
}

void global_written(void* base, size_t bytes)
{
    Where where = find(base, 1);
    if (where.object && where.inside) where.object->mark_written(where.object->offset(base), bytes);
}

void global_named(void* base, const std::string& name)
{
    Where where = find(base, 1);
    if (where.object && where.inside) where.object->name = name;
}

void shared_clear()
{
    shared_objects().clear();
    s_shared_begin = s_shared_end = nullptr;
}

void shared_added(char* base, size_t bytes, const std::string& name)
{
    // Instances of one template have their objects in the same places, and only one of them runs.
    for (auto& known : shared_objects())
        if (known->base == base && known->bytes >= bytes) return;
    auto object = std::make_unique<Object>();
    object->base = base;
    object->bytes = bytes;
    object->space = Space::shared;
    object->name = name;
    shared_objects().push_back(std::move(object));
}

void shared_range(char* begin, char* end)
{
    s_shared_begin = begin;
    s_shared_end = end;
}

void shared_fresh()
{
    for (auto& object : shared_objects())
    {
        object->all_written = false;
        if (!object->written.empty()) memset(object->written.data(), 0, object->written.size());
        object->byte_cells.clear();
        for (Cell& cell : object->cells) cell.parts = 0;
    }
}

Where find(const void* address, size_t bytes)
{
    char* at = static_cast<char*>(const_cast<void*>(address));
    if (at >= s_shared_begin && at < s_shared_end) return find_shared(at, bytes);
    if (s_last && at >= s_last->base && s_last->offset(at) + bytes <= s_last->bytes) return {s_last, true};
    return find_global(at, bytes);
}

}

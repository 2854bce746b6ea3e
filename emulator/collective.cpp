// Barriers and warp collectives: each lane leaves its value; the last to come works out everybody's result.
#include "hooks.h"
#include "schedule.h"

namespace dwarf
{

int source_lane(int operation, int lane, int argument, int width)
{
    int first = lane & ~(width - 1), last = first + width - 1;
    switch (operation)
    {
        case DWARF_SHUFFLE: return first | (argument & (width - 1));
        case DWARF_SHUFFLE_UP: return lane - argument < first ? -1 : lane - argument;
        case DWARF_SHUFFLE_DOWN: return lane + argument > last ? -1 : lane + argument;
        default: return (lane ^ argument) > last ? -1 : lane ^ argument;
    }
}

namespace
{

uint64_t reduce(int operation, Thread* lanes, uint32_t arrived)
{
    uint32_t result = uint32_t(lanes[__builtin_ctz(arrived)].value);
    for (uint32_t left = arrived & (arrived - 1); left != 0; left &= left - 1)
    {
        uint32_t value = uint32_t(lanes[__builtin_ctz(left)].value);
        switch (operation)
        {
            case DWARF_ADD: result += value; break;
            case DWARF_MIN_SIGNED: result = int32_t(value) < int32_t(result) ? value : result; break;
            case DWARF_MAX_SIGNED: result = int32_t(value) > int32_t(result) ? value : result; break;
            case DWARF_MIN_UNSIGNED: result = value < result ? value : result; break;
            case DWARF_MAX_UNSIGNED: result = value > result ? value : result; break;
            case DWARF_AND: result &= value; break;
            case DWARF_OR: result |= value; break;
            default: result ^= value; break;
        }
    }
    return result;
}

uint32_t lanes_where(Thread* lanes, uint32_t arrived, bool equal, uint64_t value)
{
    uint32_t found = 0;
    for (uint32_t left = arrived; left != 0; left &= left - 1)
    {
        int lane = __builtin_ctz(left);
        if (equal ? lanes[lane].value == value : lanes[lane].value != 0) found |= 1u << lane;
    }
    return found;
}

// Everybody's result; returns the lanes that were asked for but did not come.
uint32_t results(Thread* lanes, int operation, uint32_t mask, uint32_t arrived)
{
    uint32_t absent = 0;
    if (operation <= DWARF_SHUFFLE_XOR)
    {
        for (uint32_t left = arrived; left != 0; left &= left - 1)
        {
            int lane = __builtin_ctz(left);
            Thread& thread = lanes[lane];
            int source = source_lane(operation, lane, thread.argument, thread.width);
            if (source < 0) thread.result = thread.value;
            else if (arrived >> source & 1) thread.result = lanes[source].value;
            else
            {
                thread.result = ~0ull;     // undefined on a GPU: NaN here
                absent |= 1u << source;
            }
        }
        return absent;
    }
    uint64_t common = 0;
    switch (operation)
    {
        case DWARF_BALLOT: common = lanes_where(lanes, arrived, false, 0); break;
        case DWARF_ANY: common = lanes_where(lanes, arrived, false, 0) != 0; break;
        case DWARF_ALL: common = lanes_where(lanes, arrived, false, 0) == arrived; break;
        case DWARF_MATCH_ANY:
            for (uint32_t left = arrived; left != 0; left &= left - 1)
            {
                Thread& thread = lanes[__builtin_ctz(left)];
                thread.result = lanes_where(lanes, arrived, true, thread.value);
            }
            return 0;
        case DWARF_MATCH_ALL:
        {
            uint32_t same = lanes_where(lanes, arrived, true, lanes[__builtin_ctz(arrived)].value);
            common = same == arrived ? mask : 0;
            break;
        }
        case DWARF_ACTIVEMASK: common = arrived; break;
        case DWARF_SYNCWARP: break;
        case DWARF_CALL:
        {
            // value: the lane's own pointer; argument and width hold nothing, the function comes with the first lane
            void* pointers[32];
            for (int lane = 0; lane < 32; lane++) pointers[lane] = arrived >> lane & 1 ? reinterpret_cast<void*>(lanes[lane].value) : nullptr;
            auto* function = reinterpret_cast<void (*)(void* const*)>(lanes[__builtin_ctz(arrived)].result);
            function(pointers);
            return 0;
        }
        default: common = reduce(operation, lanes, arrived); break;
    }
    for (uint32_t left = arrived; left != 0; left &= left - 1) lanes[__builtin_ctz(left)].result = common;
    return 0;
}

const char* name_of(int operation)
{
    static const char* const names[] = {"__shfl_sync", "__shfl_up_sync", "__shfl_down_sync", "__shfl_xor_sync", "__ballot_sync", "__any_sync",
        "__all_sync", "__match_any_sync", "__match_all_sync", "__syncwarp", "__activemask", "__reduce_add_sync", "__reduce_min_sync",
        "__reduce_max_sync", "__reduce_min_sync", "__reduce_max_sync", "__reduce_and_sync", "__reduce_or_sync", "__reduce_xor_sync", "a warp instruction"};
    return names[operation];
}

[[noreturn]] void diverged(Worker& worker, const Group& group, int operation, const char* file, int line)
{
    std::string text = std::string(name_of(operation)) + " met lanes of the same mask that wait in " + name_of(group.operation) + " at line "
        + std::to_string(group.line);
    record_fault(&worker, 719, "absent-lane", text, file, line, nullptr);
    abandon(worker);
}

}

void complete(Worker& worker, Warp& warp, Group& group, uint32_t except)
{
    Group done = group;
    group = warp.group[--warp.groups];
    Thread* lanes = worker.threads + warp.index * 32;
    uint32_t absent = done.arrived == 0 ? 0 : results(lanes, done.operation, done.mask, done.arrived);
    if (hooks.collective_done) hooks.collective_done(worker, warp, done.operation, done.mask, done.arrived, absent, Site{done.file, done.line});
    release(worker, warp, done.arrived & ~except);
}

bool complete_soft(Worker& worker, Warp& warp)
{
    for (int i = 0; i < warp.groups; i++)
        if (warp.group[i].operation == DWARF_ACTIVEMASK)
        {
            complete(worker, warp, warp.group[i], 0);
            return true;
        }
    return false;
}

void release_barrier(Worker& worker, Thread* except)
{
    worker.arrived = 0;
    worker.barrier_result = worker.barrier_kind == DWARF_BARRIER_COUNT ? worker.barrier_count
        : worker.barrier_kind == DWARF_BARRIER_AND ? worker.barrier_and : worker.barrier_count != 0;
    worker.barrier_count = 0;
    worker.barrier_and = 1;
    if (hooks.barrier_release) hooks.barrier_release(worker);
    for (int i = 0; i < worker.warp_count; i++)
    {
        Warp& warp = worker.warps[i];
        uint32_t lanes = warp.waiting;
        warp.waiting = 0;
        if (except && int(except->warp) == i) lanes &= ~(1u << except->lane);
        release(worker, warp, lanes);
    }
}

}

using namespace dwarf;

namespace
{

uint64_t collective(int operation, uint32_t mask, uint64_t value, int argument, int width, const char* file, int line, const void* code)
{
    Thread& thread = thread_of(dwarf_self);
    Worker& worker = *this_worker;
    Warp& warp = worker.warps[thread.warp];
    uint32_t bit = 1u << thread.lane;
    thread.value = value;
    thread.argument = argument;
    thread.width = width;
    thread.file = file;
    thread.line = line;
    thread.code = code;
    if (hooks.collective_arrive) hooks.collective_arrive(worker, thread, operation, mask, Site{file, line});
    mask &= warp.exists;
    if (!(mask & bit))
    {
        record_fault(&worker, 719, "absent-lane", std::string(name_of(operation)) + ": the mask leaves out the calling lane", file, line, nullptr);
        abandon(worker);
    }
    Group* group = nullptr;
    for (int i = 0; i < warp.groups; i++)
    {
        Group& open = warp.group[i];
        bool same = operation == DWARF_ACTIVEMASK ? open.operation == operation && open.line == line : open.mask == mask && open.operation != DWARF_ACTIVEMASK;
        if (!same) continue;
        if (open.operation != operation) diverged(worker, open, operation, file, line);
        group = &open;
        break;
    }
    if (group == nullptr)
    {
        group = &warp.group[warp.groups++];
        *group = Group{mask, 0, operation, line, file};
    }
    group->arrived |= bit;
    if (operation != DWARF_ACTIVEMASK && group->arrived == (mask & warp.live)) complete(worker, warp, *group, bit);
    else park(worker, thread);
    return thread.result;
}

}

extern "C" __attribute__((visibility("default"))) uint64_t dwarf_collective(
    int operation, uint32_t mask, uint64_t value, int argument, int width, const char* file, int line)
{
    return collective(operation, mask, value, argument, width, file, line, __builtin_return_address(0));
}

// Runs function(lanes' pointers) once for the warp: how the twins of mma.sync and ldmatrix reach the registers of all lanes.
extern "C" __attribute__((visibility("default"))) void dwarf_warp_call(
    void (*function)(void* const*), void* mine, uint32_t mask, const char* file, int line)
{
    thread_of(dwarf_self).result = reinterpret_cast<uint64_t>(function);
    collective(DWARF_CALL, mask, reinterpret_cast<uint64_t>(mine), 0, 32, file, line, __builtin_return_address(0));
}

extern "C" __attribute__((visibility("default"))) int dwarf_barrier(int kind, int predicate, const char* file, int line)
{
    Thread& thread = thread_of(dwarf_self);
    Worker& worker = *this_worker;
    thread.file = file;
    thread.line = line;
    thread.code = __builtin_return_address(0);
    worker.barrier_kind = kind;
    worker.barrier_count += predicate != 0;
    worker.barrier_and &= predicate != 0;
    if (hooks.barrier_arrive) hooks.barrier_arrive(worker, thread, Site{file, line});
    Warp& warp = worker.warps[thread.warp];
    worker.arrived++;
    if (worker.arrived == worker.live)
    {
        release_barrier(worker, &thread);
    }
    else
    {
        warp.waiting |= 1u << thread.lane;
        park(worker, thread);
    }
    return worker.barrier_result;
}

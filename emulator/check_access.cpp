// Every load and store of an instrumented kernel comes here before it happens. The lane waits until the other lanes of its warp have come as far
// as they can; those that wait at the lowest address of code go on together, as one instruction of the warp. So warps run in lock step here,
// what one instruction moves is known exactly, and programs that rely on lock step with volatile accesses give the sums they are meant to give.
#include <cstring>
#include <dlfcn.h>
#include <sys/mman.h>

#include "check_state.h"

namespace dwarf::check
{

namespace
{

// Whole lanes stand still for the others; a lane that spins on a lock must let the others on.
constexpr int Spinning = 64;

bool is_power(uint32_t bytes) { return (bytes & (bytes - 1)) == 0; }

bool in_module(const void* address)
{
    static const void* s_last_base = nullptr;
    static const void* s_last_page = nullptr;
    const void* page = reinterpret_cast<const void*>(reinterpret_cast<uintptr_t>(address) & ~uintptr_t(4095));
    if (page == s_last_page) return s_last_base != nullptr;
    Dl_info info{};
    s_last_base = dladdr(address, &info) != 0 ? info.dli_fbase : nullptr;
    s_last_page = page;
    return s_last_base != nullptr;
}

// Past an object there is room that nobody owns. It gets pages of its own, so that the access comes about and harms nothing.
void make_room(const void* address, uint32_t bytes)
{
    constexpr uintptr_t Page = 4096;
    uintptr_t first = reinterpret_cast<uintptr_t>(address) & ~(Page - 1), last = (reinterpret_cast<uintptr_t>(address) + bytes - 1) & ~(Page - 1);
    for (uintptr_t page = first; page <= last; page += Page)
    {
        unsigned char there;
        if (mincore(reinterpret_cast<void*>(page), Page, &there) == 0) mprotect(reinterpret_cast<void*>(page), Page, PROT_READ | PROT_WRITE);
    }
}

std::string place_in(const Object& object, const void* address)
{
    long long offset = static_cast<const char*>(address) - object.base;
    std::string name = object.name.empty() ? (object.space == Space::shared ? "shared memory" : "an allocation") : object.name;
    return "byte " + std::to_string(offset) + " of " + name + " (" + std::to_string(object.bytes) + " bytes)";
}

std::string verb(const Lane& lane) { return lane.flags & Atomic ? "an atomic on " : lane.flags & Write ? "a write of " : "a read of "; }

const char* deed(uint16_t flags) { return flags & Atomic ? "updates by an atomic" : flags & Write ? "writes" : "reads"; }

void found(const char* kind, const Lane& lane, const std::string& message, uint32_t other = 0)
{
    report(kind, lane.spot, other, state.worker->block.index, state.worker->current->index, message);
}

uint3 thread_index(int thread) { return state.worker->threads[thread].index; }

// A block's serial number back to its index in the grid.
uint3 block_index(uint32_t serial)
{
    uint64_t number = serial - state.first_block;
    const dim3& grid = state.worker->launch->grid;
    if (state.order.size() > number) number = state.order[number];
    return uint3{unsigned(number % grid.x), unsigned(number / grid.x % grid.y), unsigned(number / grid.x / grid.y)};
}

std::string text(uint3 index)
{
    return "(" + std::to_string(index.x) + "," + std::to_string(index.y) + "," + std::to_string(index.z) + ")";
}

// Both ends of a race are told, each at its own line.
void tell_race(const Race_found& race)
{
    const Touch& earlier = race.earlier;
    bool same_block = earlier.block == state.race.block();
    uint3 other_block = same_block ? state.worker->block.index : block_index(earlier.block), other_thread = thread_index(earlier.thread);
    std::string where = place_in(*race.object, race.address), nothing = same_block ? "no barrier orders them" : "nothing orders blocks";
    std::string mine = "thread " + text(race.thread) + (same_block ? "" : " of block " + text(state.worker->block.index));
    std::string theirs = "thread " + text(other_thread) + (same_block ? "" : " of block " + text(other_block));
    report("race", race.spot, earlier.spot, state.worker->block.index, race.thread,
           mine + " " + deed(race.flags) + " " + where + ", which " + theirs + " " + deed(earlier.flags) + " at line $2; " + nothing);
    report("race", earlier.spot, race.spot, other_block, other_thread,
           theirs + " " + deed(earlier.flags) + " " + where + ", which " + mine + " " + deed(race.flags) + " at line $2; " + nothing);
}

bool suspected(uint32_t spot, uint32_t other)
{
    for (const Race_found& race : state.suspects)
        if ((race.spot == spot && race.earlier.spot == other) || (race.spot == other && race.earlier.spot == spot)) return true;
    return false;
}

// A read, or an atomic that may excuse one.
void note_read(Lane& lane)
{
    constexpr int Kept = sizeof lane.reads / sizeof lane.reads[0];
    if (lane.flags == 0)
    {
        lane.reads[lane.next_read] = {lane.address, lane.spot};
        lane.next_read = (lane.next_read + 1) % Kept;
    }
    if (!(lane.flags & Atomic)) return;
    for (const auto& read : lane.reads)
    {
        if (read.address != lane.address) continue;
        if (state.excused.size() <= read.spot) state.excused.resize(size_t(read.spot) + 1);
        state.excused[read.spot] = true;
    }
}

}

void enter_history(Thread& by, Lane& lane, Object& object)
{
    int thread = int(by.warp * 32 + by.lane);
    size_t from = object.offset(lane.address), end = from + lane.bytes;
    if (object.cells.empty()) object.cells.resize((object.bytes + 3) / 4);
    for (size_t word = from / 4; word * 4 < end; word++)
    {
        Cell& cell = object.cells[word];
        size_t low = word * 4 < from ? from : word * 4, high = word * 4 + 4 > end ? end : word * 4 + 4;
        bool whole = high - low == 4 || word * 4 + 4 > object.bytes;
        Touch earlier{};
        if (whole && cell.parts == 0)
        {
            earlier = state.race.enter(cell, thread, lane.flags, lane.spot, object.space);
        }
        else
        {
            Cell* bytes = object.split(cell);
            for (size_t i = low; i < high; i++)
            {
                Touch one = state.race.enter(bytes[i & 3], thread, lane.flags, lane.spot, object.space);
                if (earlier.block == 0) earlier = one;
            }
        }
        if (earlier.block == 0) continue;
        if (reported("race", lane.spot) && reported("race", earlier.spot)) continue;
        if (suspected(lane.spot, earlier.spot)) continue;
        Race_found race{earlier, &object, lane.address, lane.bytes, lane.flags, lane.spot, state.worker->threads[thread].index};
        // The plain one of an atomic and a read.
        bool atomic = lane.flags & Atomic, was_atomic = earlier.flags & Atomic;
        if ((atomic && earlier.flags == 0) || (was_atomic && lane.flags == 0))
        {
            state.suspects.push_back(race);
            continue;
        }
        bool plain = (lane.flags & Write) && (earlier.flags & Write) && !(lane.flags & Atomic) && lane.bytes <= sizeof lane.before;
        if (!plain)
        {
            tell_race(race);
            continue;
        }
        // Two threads may write the same value: whether they do is known once this one has written.
        if (lane.after.object == nullptr)
        {
            memcpy(lane.before, lane.address, lane.bytes);
            lane.after = race;
        }
    }
}

namespace
{

// A struct is copied whole, gaps between its members included, so only a copy that mostly has no value is one too early.
long unwritten(const Lane& lane, const Object& object)
{
    size_t from = object.offset(lane.address);
    long first = object.first_unwritten(from, lane.bytes);
    if (first < 0 || !lane.compound) return first;
    uint32_t without = 0;
    for (uint32_t i = 0; i < lane.bytes; i++) without += object.first_unwritten(from + i, 1) >= 0;
    return without * 2 > lane.bytes ? first : -1;
}

}

State state;

void judge_suspects()
{
    for (const Race_found& race : state.suspects)
    {
        uint32_t read = race.flags == 0 ? race.spot : race.earlier.spot;
        if (read >= state.excused.size() || !state.excused[read]) tell_race(race);
    }
    state.suspects.clear();
}

void settle(Lane& lane)
{
    if (lane.after.object == nullptr) return;
    Race_found race = lane.after;
    lane.after.object = nullptr;
    if (memcmp(lane.before, race.address, race.bytes) != 0) tell_race(race);
}

bool on_stack(const void* address)
{
    const char* here = static_cast<const char*>(__builtin_frame_address(0));
    const char* at = static_cast<const char*>(address);
    return at >= here && at < here + StackPool::Bytes;
}

Space space_of(const void* address, uint32_t bytes)
{
    Where where = find(address, bytes);
    if (where.object && where.inside) return where.object->space;
    if (on_stack(address) || state.worker->stacks.contains(address)) return Space::local;
    if (where.object) return where.object->space;
    return in_module(address) ? Space::global : Space::nobody;
}

void wait_for_warp(Thread& thread, Lane& lane)
{
    Worker& worker = *state.worker;
    bool strong = lane.flags & (Atomic | Volatile);
    lane.repeats = strong && lane.last == lane.address && lane.last_pc == lane.pc ? lane.repeats + 1 : 0;
    lane.last = lane.address;
    lane.last_pc = lane.pc;
    state.paused[thread.warp] |= 1u << thread.lane;
    worker.critical--;
    park(worker, thread);
    worker.critical++;
}

// As on a GPU, the thread goes no further.
[[noreturn]] void stop(Lane& lane)
{
    lane.dead = true;
    state.retired = true;
    state.worker->critical--;
    retire(*state.worker);
}

// The checks of one access, made when its lane goes on: lanes go on one after the other, so memory is what the lane will see.
void check(Thread& thread, Lane& lane)
{
    Where where = find(lane.address, lane.bytes);
    if (where.object == nullptr)
    {
        if (in_module(lane.address)) return;
        char address[32];
        snprintf(address, sizeof address, "%p", static_cast<const void*>(lane.address));
        found("illegal-address", lane, verb(lane) + std::to_string(lane.bytes) + " bytes at address " + address + ", which belongs to nobody");
        stop(lane);
    }
    Object& object = *where.object;
    if (!where.inside)
    {
        // Tables of constants and texts have no names; they lie beside a module's variables.
        if (in_module(lane.address)) return;
        if (object.live)
            found("out-of-bounds", lane, verb(lane) + std::to_string(lane.bytes) + " bytes at " + place_in(object, lane.address));
        else
            found("illegal-address", lane, verb(lane) + std::to_string(lane.bytes) + " bytes at " + place_in(object, lane.address) + ", which has been freed");
        make_room(lane.address, lane.bytes);
        return;
    }
    if (!lane.compound && lane.bytes <= 16 && is_power(lane.bytes) && (reinterpret_cast<uintptr_t>(lane.address) & (lane.bytes - 1)) != 0)
    {
        found("misaligned", lane, verb(lane) + std::to_string(lane.bytes) + " bytes at " + place_in(object, lane.address) + ", no multiple of "
              + std::to_string(lane.bytes));
        if (lane.bytes == 16) stop(lane);       // the host, too, may refuse it
    }
    int number = int(thread.warp * 32 + thread.lane);
    bool reads = !(lane.flags & Write) || (lane.flags & Atomic);
    if (reads)
    {
        long first = unwritten(lane, object);
        if (first >= 0) found("uninitialised", lane, verb(lane) + place_in(object, object.base + first) + ", to which nothing has been written");
    }
    bool strong = (lane.flags & Atomic) || ((lane.flags & Volatile) && object.space == Space::global);
    note_read(lane);
    if (strong) state.race.learn(number, lane.address);
    enter_history(thread, lane, object);
    if (strong && (lane.flags & Write)) state.race.publish(number, lane.address);
    if (lane.flags & Write) object.mark_written(object.offset(lane.address), lane.bytes);
}

void misaligned(const void* address, uint32_t alignment, const char* type, uintptr_t pc)
{
    Worker* worker = this_worker;
    if (mode != Mode::checking || worker == nullptr || dwarf_self == nullptr || worker != state.worker) return;
    Where where = find(address, 1);
    if (where.object == nullptr || (!where.inside && on_stack(address))) return;
    worker->critical++;
    Thread& thread = thread_of(dwarf_self);
    Lane& lane = state.lanes[thread.warp * 32 + thread.lane];
    settle(lane);
    lane.address = static_cast<char*>(const_cast<void*>(address));
    lane.bytes = 0;                             // lanes come here in step, though nothing is moved
    lane.flags = 0;
    lane.pc = pc;
    lane.site = Site{};
    wait_for_warp(thread, lane);
    report("misaligned", spot_of(pc), 0, worker->block.index, thread.index,
           "a pointer to " + std::string(type) + " at " + place_in(*where.object, address) + ", no multiple of " + std::to_string(alignment));
    if (alignment >= 16) stop(lane);
    worker->critical--;
}

void access(const void* address, uint32_t bytes, uint16_t flags, bool compound, uintptr_t pc, Site site)
{
    Worker* worker = this_worker;
    if (mode == Mode::plain || worker == nullptr || dwarf_self == nullptr || bytes == 0 || worker != state.worker) return;
    worker->critical++;
    Thread& thread = thread_of(dwarf_self);
    Lane& lane = state.lanes[thread.warp * 32 + thread.lane];
    settle(lane);
    lane.space = space_of(address, bytes);
    if (lane.space != Space::local)
    {
        lane.address = static_cast<char*>(const_cast<void*>(address));
        lane.bytes = bytes;
        lane.flags = flags;
        lane.compound = compound;
        lane.pc = pc;
        lane.site = site;
        wait_for_warp(thread, lane);
        if (worker->interrupt) out_of_time(lane.spot);
        if (mode == Mode::checking) check(thread, lane);
    }
    worker->critical--;
}

bool stall(Worker& worker)
{
    worker.critical++;
    bool any = false;
    for (int w = 0; w < worker.warp_count; w++)
    {
        uint32_t paused = state.paused[w];
        if (paused == 0) continue;
        any = true;
        Lane* lanes = state.lanes + w * 32;
        // The lowest address of code first, so that lanes which went apart meet again; one that spins comes after all others.
        int first = -1;
        for (uint32_t left = paused; left != 0; left &= left - 1)
        {
            int lane = __builtin_ctz(left);
            if (first < 0) { first = lane; continue; }
            bool spins = lanes[lane].repeats > Spinning, spun = lanes[first].repeats > Spinning;
            if (spins != spun ? spun : lanes[lane].pc < lanes[first].pc) first = lane;
        }
        Instruction instruction{};
        const Lane& leader = lanes[first];
        uint32_t spot = spot_of(leader.pc, leader.site.file, leader.site.line);
        for (uint32_t left = paused; left != 0; left &= left - 1)
        {
            int lane = __builtin_ctz(left);
            if (lanes[lane].pc != leader.pc || lanes[lane].site.line != leader.site.line || lanes[lane].bytes != leader.bytes) continue;
            lanes[lane].spot = spot;
            instruction.lanes |= 1u << lane;
            instruction.address[lane] = reinterpret_cast<uint64_t>(lanes[lane].address);
        }
        if (leader.bytes != 0) tally(leader, instruction, w);
        state.paused[w] &= ~instruction.lanes;
        release(worker, worker.warps[w], instruction.lanes);
        if (worker.interrupt)
        {
            worker.current = &worker.threads[w * 32 + first];
            out_of_time(spot);
        }
    }
    worker.critical--;
    return any;
}

}

// The runtime's hooks: what blocks, barriers, collectives, fences and copies mean to the instruments.
#include <cstring>

#include "check_state.h"

namespace dwarf::check
{

Mode mode = Mode::plain;
int samples_per_line = 0;

namespace
{

Lane& lane_of(const Thread& thread) { return state.lanes[thread.warp * 32 + thread.lane]; }

// Where a thread's barrier or collective stands.
uint32_t use_of(const Thread& thread, Site site) { return spot_of(reinterpret_cast<uintptr_t>(thread.code), site.file, site.line); }

std::string text(uint3 index)
{
    return "(" + std::to_string(index.x) + "," + std::to_string(index.y) + "," + std::to_string(index.z) + ")";
}

Counters& counters_of(uint32_t spot)
{
    auto& table = record().counters;
    if (table.size() <= spot) table.resize(size_t(spot) + 1);
    return table[spot];
}

void lay_out_shared(Worker& worker)
{
    if (state.layout_launch == worker.launch->number) return;
    state.layout_launch = worker.launch->number;
    shared_clear();
    const Kernel& kernel = *worker.launch->kernel;
    // The objects of device functions, which any kernel may use, and the kernel's own; those of others lie in the same places.
    for (const dwarf_shared_object* object = *kernel.module->info->shared; object; object = object->next)
        if (object->scope[0] == 0 || strcmp(object->scope, kernel.entry->scope) == 0) shared_added(worker.shared + object->offset, object->bytes, object->name);
    if (worker.launch->shared_bytes > 0) shared_added(worker.block.dynamic, worker.launch->shared_bytes, "the dynamic shared memory");
    shared_range(worker.shared - SharedMargin, worker.shared + SharedBytes + SharedMargin);
}

void launch_begin(const Launch& launch)
{
    start_record(launch);
    add_variables(*launch.kernel->module);
    state.race.begin_launch();
    state.first_block = state.race.block() + 1;
    state.order.clear();
}

void launch_end(const Launch&)
{
    judge_suspects();               // of a block that was left early
    state.race.end_launch();
    finish_record();
}

void block_begin(Worker& worker)
{
    state.worker = &worker;
    lay_out_shared(worker);
    if (mode == Mode::checking)
    {
        shared_fresh();
        state.race.begin_block(worker.thread_count);
        state.order.push_back(worker.block_number);
    }
    for (int i = 0; i < worker.thread_count; i++)
    {
        Lane& lane = state.lanes[i];
        lane.dead = lane.gone = false;
        lane.repeats = 0;
        lane.barrier = 0;
        lane.last = nullptr;
        lane.after.object = nullptr;
        for (auto& read : lane.reads) read.address = nullptr;
        lane.next_read = 0;
    }
    state.suspects.clear();
    memset(state.paused, 0, sizeof state.paused);
    state.retired = false;
}

void block_end(Worker& worker)
{
    judge_suspects();
    if (state.retired) worker.stacks.reclaim();
}

void thread_end(Worker&, Thread& thread)
{
    Lane& lane = lane_of(thread);
    settle(lane);
    lane.gone = !lane.dead;
}

void barrier_arrive(Worker& worker, Thread& thread, Site site)
{
    Critical whole(worker);
    Lane& lane = lane_of(thread);
    settle(lane);
    lane.barrier = spot_of(site.file, site.line);
    lane.barrier_spot = use_of(thread, site);
}

// All threads that still run have come to a barrier. It is one barrier only if it is the same for all threads of the block.
void barrier_release(Worker& worker)
{
    Critical whole(worker);
    int first = -1, other = -1;
    for (int i = 0; i < worker.thread_count; i++)
    {
        const Lane& lane = state.lanes[i];
        if (lane.barrier == 0) continue;
        if (first < 0 || spot(lane.barrier).site_line < spot(state.lanes[first].barrier).site_line) first = i;
    }
    if (first < 0) return;
    uint32_t place = state.lanes[first].barrier;
    uint32_t use = state.lanes[first].barrier_spot;
    counters_of(use).barriers++;
    std::string why;
    for (int i = 0; i < worker.thread_count && why.empty(); i++)
    {
        const Lane& lane = state.lanes[i];
        if (lane.dead || lane.barrier == place) continue;
        other = i;
        why = "thread " + text(worker.threads[i].index)
            + (lane.barrier != 0 ? " waits at the one at line $2" : " has returned without coming to it");
    }
    if (mode == Mode::checking && other >= 0)
    {
        report("divergent-barrier", use, state.lanes[other].barrier_spot, worker.block.index, worker.threads[first].index,
               "thread " + text(worker.threads[first].index) + " waits at this barrier, " + why);
    }
    for (int i = 0; i < worker.thread_count; i++) state.lanes[i].barrier = 0;
    if (mode == Mode::checking) state.race.barrier();
}

void collective_arrive(Worker&, Thread& thread, int, unsigned, Site) { settle(lane_of(thread)); }

void collective_done(Worker& worker, Warp& warp, int operation, unsigned mask, unsigned arrived, unsigned absent, Site site)
{
    Critical whole(worker);
    if (mode != Mode::checking) return;
    if (operation == DWARF_SYNCWARP) state.race.sync_warp(warp.index, arrived);
    if (absent == 0) return;
    // Where lanes are left out of the mask, or the block ends within the warp, shifts leave values behind that nobody uses; not so the first
    // lane's. A lane that the mask names and that is not there is wrong for all.
    bool shift = operation == DWARF_SHUFFLE_UP || operation == DWARF_SHUFFLE_DOWN;
    for (unsigned left = arrived; left != 0; left &= left - 1)
    {
        int lane = __builtin_ctz(left);
        Thread& thread = worker.threads[warp.index * 32 + lane];
        int source = source_lane(operation, lane, thread.argument, thread.width);
        if (source < 0 || (arrived >> source & 1)) continue;
        int number = warp.index * 32 + source;
        bool exists = number < worker.thread_count;
        if (exists && state.lanes[number].dead) continue;
        bool named = exists && (mask >> source & 1);
        if (shift && !named && lane != __builtin_ctz(arrived)) continue;
        std::string why = !exists ? "the block has no such thread" : state.lanes[number].gone ? "which has returned" : "which takes no part";
        report("absent-lane", use_of(thread, site), 0, worker.block.index, thread.index,
               "lane " + std::to_string(lane) + " asks for the value of lane " + std::to_string(source) + ", " + why);
        return;
    }
}

// Nobody can go on. Where lanes wait for lanes of their mask that are elsewhere, that is the reason.
bool stuck(Worker& worker)
{
    for (int w = 0; w < worker.warp_count; w++)
    {
        Warp& warp = worker.warps[w];
        for (int i = 0; i < warp.groups; i++)
        {
            const Group& group = warp.group[i];
            uint32_t missing = group.mask & warp.live & ~group.arrived;
            if (missing == 0 || group.arrived == 0) continue;
            int lane = __builtin_ctz(group.arrived), away = __builtin_ctz(missing);
            const Thread& waits = worker.threads[w * 32 + lane];
            const Thread& elsewhere = worker.threads[w * 32 + away];
            report("absent-lane", use_of(waits, Site{group.file, group.line}), use_of(elsewhere, Site{elsewhere.file, elsewhere.line}), worker.block.index, waits.index,
                   "lane " + std::to_string(lane) + " waits for lane " + std::to_string(away) + " of its mask, which waits at line $2");
            return true;
        }
    }
    return false;
}

void atomic(Worker&, Thread&, const void* address, unsigned bytes, bool writes, Site site, const void* code)
{
    access(address, bytes, uint16_t(Atomic | (writes ? Write : 0)), false, reinterpret_cast<uintptr_t>(code), site);
}

void fence(Worker& worker, Thread& thread, int, Site)
{
    Critical whole(worker);
    settle(lane_of(thread));
    if (mode == Mode::checking) state.race.fence(int(thread.warp * 32 + thread.lane));
}

// A copy to shared memory that lands later: until then its bytes have no value.
void async_issued(Worker&, Thread&, void* shared, const void* global, unsigned bytes, Site site, const void* code)
{
    if (global) access(global, bytes, 0, false, reinterpret_cast<uintptr_t>(code), site);   // else zeros are put there
    access(shared, bytes, Write, false, reinterpret_cast<uintptr_t>(code), site);
    if (mode != Mode::checking) return;
    Where where = find(shared, bytes);
    if (where.object && where.inside && !where.object->written.empty())
        memset(where.object->written.data() + where.object->offset(shared), 0, bytes);
}

void async_landed(Worker& worker, Thread& thread, void* shared, const void*, unsigned bytes, Site site, const void* code)
{
    Critical whole(worker);
    if (mode != Mode::checking) return;
    Where where = find(shared, bytes);
    if (!where.object || !where.inside) return;
    Lane& lane = lane_of(thread);
    settle(lane);
    lane.address = static_cast<char*>(shared);
    lane.bytes = bytes;
    lane.flags = Write;
    lane.spot = spot_of(reinterpret_cast<uintptr_t>(code), site.file, site.line);
    enter_history(thread, lane, *where.object);
    where.object->mark_written(where.object->offset(shared), bytes);
}

void allocated(const Allocation& allocation) { global_added(allocation.base, allocation.bytes, ""); }

void released(const Allocation& allocation) { global_removed(allocation.base); }

void copied(void* destination, const void*, size_t bytes) { global_written(destination, bytes); }

void filled(void* destination, size_t bytes) { global_written(destination, bytes); }

void fault(const Fault& fault)
{
    if (fault.kind.empty()) return;             // told already
    size_t slash = fault.file.rfind('/'), own = record().file.rfind('/');
    bool in_kernel = fault.file.substr(slash + 1) == record().file.substr(own + 1);
    // At a time limit the address is that of the kernel's code, if it was stopped there.
    if (fault.kind == "deadlock" && fault.status == 702) in_kernel = fault.address != nullptr;
    if (fault.kind == "absent-lane" && state.worker && state.worker->current)
    {
        const Thread& thread = *state.worker->current;
        report("absent-lane", use_of(thread, Site{thread.file, thread.line}), 0, fault.block, fault.thread, fault.message);
        return;
    }
    if (!in_kernel && state.worker && state.worker->current)
    {
        // It was stopped in the emulator's code: the lane's last access tells where the kernel stands.
        report(fault.kind.c_str(), lane_of(*state.worker->current).spot, 0, fault.block, fault.thread, fault.message);
        return;
    }
    if (fault.line > 0 || !fault.file.empty())
    {
        static auto* files = new std::vector<std::string*>;
        files->push_back(new std::string(fault.file));
        report(fault.kind.c_str(), spot_of(files->back()->c_str(), fault.line), 0, fault.block, fault.thread, fault.message);
        return;
    }
    report(fault.kind.c_str(), 0, 0, fault.block, fault.thread, fault.message);
}

}

void tally(const Lane& leader, const Instruction& shape, int warp)
{
    // A struct that is no machine word is moved in pieces as large as its size allows.
    uint32_t piece = leader.bytes;
    if (leader.compound || piece > 16 || (piece & (piece - 1)) != 0)
    {
        piece = leader.bytes & (~leader.bytes + 1);
        if (piece > 16) piece = 16;
        for (uint32_t left = shape.lanes; left != 0; left &= left - 1)
            while (shape.address[__builtin_ctz(left)] & (piece - 1)) piece /= 2;
    }
    for (Space space : {Space::global, Space::shared})
    {
        Instruction instruction = shape;
        instruction.space = space;
        instruction.bytes = piece;
        instruction.writes = (leader.flags & Write) != 0;
        instruction.reads = !instruction.writes || (leader.flags & Atomic);
        for (uint32_t left = shape.lanes; left != 0; left &= left - 1)
        {
            int lane = __builtin_ctz(left);
            if (state.lanes[warp * 32 + lane].space != space) instruction.lanes &= ~(1u << lane);
        }
        if (instruction.lanes == 0) continue;
        for (uint32_t at = 0; at < leader.bytes; at += piece)
        {
            count(counters_of(leader.spot), instruction);
            keep_sample(leader, instruction, warp);
            for (uint64_t& address : instruction.address) address += piece;
        }
    }
}

void keep_sample(const Lane& leader, const Instruction& instruction, int warp)
{
    if (samples_per_line == 0) return;
    auto& table = record().samples;
    if (table.size() <= leader.spot) table.resize(size_t(leader.spot) + 1);
    if (int(table[leader.spot].size()) >= samples_per_line) return;
    Sample sample{instruction, "", uint32_t(state.worker->block_number), uint32_t(warp)};
    Where where = find(leader.address, 1);
    uint64_t base = where.object ? reinterpret_cast<uint64_t>(where.object->base) : 0;
    if (where.object) sample.object = where.object->name;
    for (uint64_t& address : sample.instruction.address) address -= base;
    table[leader.spot].push_back(sample);
}

void out_of_time(uint32_t place)
{
    Worker& worker = *state.worker;
    worker.interrupt = false;
    resolve(record().file);
    report("deadlock", place, 0, worker.block.index, worker.current->index, interrupt_reason);
    record_fault(&worker, 702, "", interrupt_reason, nullptr, 0, nullptr);
    worker.critical--;
    abandon(worker);
}

void install(Mode wanted, int samples)
{
    mode = wanted;
    samples_per_line = samples;
    if (wanted == Mode::plain)
    {
        hooks = Hooks{};
        return;
    }
    hooks.launch_begin = launch_begin;
    hooks.launch_end = launch_end;
    hooks.block_begin = block_begin;
    hooks.block_end = block_end;
    hooks.thread_end = thread_end;
    hooks.barrier_arrive = barrier_arrive;
    hooks.barrier_release = barrier_release;
    hooks.collective_arrive = collective_arrive;
    hooks.collective_done = collective_done;
    hooks.atomic = atomic;
    hooks.fence = fence;
    hooks.async_issued = async_issued;
    hooks.async_landed = async_landed;
    hooks.allocated = allocated;
    hooks.released = released;
    hooks.copied = copied;
    hooks.filled = filled;
    hooks.fault = fault;
    hooks.stall = stall;
    hooks.stuck = stuck;
}

}

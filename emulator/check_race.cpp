#include "check_race.h"

#include <algorithm>
#include <cstring>

namespace dwarf::check
{

void Knowledge::add(const Knowledge& other)
{
    for (auto& [block, barriers] : other.blocks) blocks[block] = std::max(blocks[block], barriers);
    for (auto& [thread, clock] : other.threads) threads[thread] = std::max(threads[thread], clock);
}

void Race::begin_block(int threads)
{
    _block++;
    _barriers = 0;
    _block_known = {};
    _block_fenced = {};
    _clocks.resize(size_t(threads));
    for (Clock& clock : _clocks)
    {
        clock.own = 1;
        memset(clock.warp, 0, sizeof clock.warp);
        clock.known = {};
        clock.fenced = {};
    }
}

void Race::barrier()
{
    _barriers++;
    // Everybody knows what anybody knew, and what each had fenced may be published by any one.
    size_t fenced = 0;
    for (Clock& clock : _clocks)
    {
        if (!clock.known.empty()) _block_known.add(clock.known);
        clock.known = {};
        if (clock.fenced.empty()) continue;
        fenced++;
        _block_fenced.add(clock.fenced);
        clock.fenced = {};
    }
    if (fenced < _clocks.size()) return;
    // All of them have fenced: one entry says as much as one for each thread.
    auto first = _block_fenced.threads.lower_bound({_block, 0}), last = _block_fenced.threads.lower_bound({_block + 1, 0});
    _block_fenced.threads.erase(first, last);
    _block_fenced.blocks[_block] = _barriers;
}

void Race::sync_warp(int warp, uint32_t lanes)
{
    uint32_t joined[32] = {};
    Knowledge known;
    int first = warp * 32;
    for (uint32_t left = lanes; left != 0; left &= left - 1)
    {
        int lane = __builtin_ctz(left);
        Clock& clock = _clocks[size_t(first + lane)];
        for (int i = 0; i < 32; i++) joined[i] = std::max(joined[i], clock.warp[i]);
        joined[lane] = std::max(joined[lane], clock.own);
        if (!clock.known.empty()) known.add(clock.known);
    }
    for (uint32_t left = lanes; left != 0; left &= left - 1)
    {
        Clock& clock = _clocks[size_t(first + __builtin_ctz(left))];
        memcpy(clock.warp, joined, sizeof joined);
        clock.own++;
        if (!known.empty()) clock.known.add(known);
    }
}

void Race::fence(int thread)
{
    Clock& clock = _clocks[size_t(thread)];
    clock.fenced.add(clock.known);
    clock.fenced.add(_block_known);
    clock.fenced.blocks[_block] = _barriers;
    clock.fenced.threads[{_block, uint16_t(thread)}] = clock.own;
    int first = thread & ~31;
    for (int lane = 0; lane < 32; lane++)
        if (clock.warp[lane] != 0)
        {
            uint32_t& known = clock.fenced.threads[{_block, uint16_t(first + lane)}];
            known = std::max(known, clock.warp[lane]);
        }
    clock.own++;
}

void Race::publish(int thread, const void* address)
{
    Clock& clock = _clocks[size_t(thread)];
    if (!clock.fenced.empty()) _places[address].add(clock.fenced);
    if (!_block_fenced.empty()) _places[address].add(_block_fenced);
}

void Race::learn(int thread, const void* address)
{
    auto found = _places.find(address);
    if (found != _places.end()) _clocks[size_t(thread)].known.add(found->second);
}

bool Race::ordered(const Touch& earlier, int thread, Space space) const
{
    if (earlier.block < _launch_first) return true;         // nobody, or a launch that is over
    if (space == Space::shared && earlier.block != _block) return true;
    const Clock& clock = _clocks[size_t(thread)];
    if (earlier.block == _block)
    {
        if (earlier.thread == thread || earlier.barriers < _barriers) return true;
        if (earlier.thread / 32 == thread / 32 && clock.warp[earlier.thread & 31] >= earlier.clock) return true;
    }
    for (const Knowledge* known : {&clock.known, &_block_known})
    {
        auto block = known->blocks.find(earlier.block);
        if (block != known->blocks.end() && earlier.barriers < block->second) return true;
        auto one = known->threads.find({earlier.block, earlier.thread});
        // An atomic that follows a fence is known with what was fenced.
        bool atomic = earlier.flags & Atomic;
        if (one != known->threads.end() && earlier.clock <= one->second + (atomic ? 1 : 0)) return true;
        if (atomic && block != known->blocks.end() && earlier.barriers <= block->second) return true;
    }
    return false;
}

bool Race::races(const Touch& earlier, int thread, uint16_t flags, Space space) const
{
    if (ordered(earlier, thread, space)) return false;
    // Atomics and, in global memory, volatile accesses are whole by themselves; what they order is told by fences.
    bool strong = (flags & (Atomic | Volatile)) && (earlier.flags & (Atomic | Volatile));
    if (strong && ((flags & earlier.flags & Atomic) || space == Space::global)) return false;
    // Lanes of one warp in step with volatile accesses: how warps were summed before __syncwarp, and still right in lock step.
    bool same_warp = earlier.block == _block && earlier.thread / 32 == thread / 32;
    return !(same_warp && ((flags | earlier.flags) & Volatile));
}

// Two slots: those that are ordered before the newcomer need not be kept; of others the first of another warp is worth most.
void Race::remember(Touch (&slots)[2], const Touch& touch, bool first_is_old, bool second_is_old)
{
    if (first_is_old)
    {
        slots[0] = second_is_old ? touch : slots[1];
        slots[1] = second_is_old ? Touch{} : touch;
    }
    else if (second_is_old || (slots[1].thread / 32 == slots[0].thread / 32 && touch.thread / 32 != slots[0].thread / 32))
    {
        slots[1] = touch;
    }
}

Touch Race::enter(Cell& cell, int thread, uint16_t flags, uint32_t spot, Space space)
{
    Touch mine{_block, uint16_t(thread), flags, _barriers, _clocks[size_t(thread)].own, spot};
    Touch found{};
    for (Touch& earlier : cell.write)
        if (found.block == 0 && races(earlier, thread, flags, space)) found = earlier;
    if (flags & Write)
    {
        for (Touch& earlier : cell.read)
            if (found.block == 0 && races(earlier, thread, flags, space)) found = earlier;
        bool first = ordered(cell.write[0], thread, space), second = ordered(cell.write[1], thread, space);
        remember(cell.write, mine, first, second);
        if (!(flags & Atomic)) cell.read[0] = cell.read[1] = Touch{};
    }
    else
    {
        remember(cell.read, mine, ordered(cell.read[0], thread, space), ordered(cell.read[1], thread, space));
    }
    return found;
}

}

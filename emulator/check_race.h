// Checked mode: which accesses are ordered. Two accesses of one word, at least one a write, by two threads race unless a chain of barriers,
// __syncwarp, or fence + atomic leads from one to the other. Nothing here depends on the order in which the emulator ran them.
#pragma once
#include <cstdint>
#include <map>
#include <vector>

#include "check_space.h"

namespace dwarf::check
{

enum : uint16_t { Write = 1, Atomic = 2, Volatile = 4 };

// What is known of other blocks, and of single threads beyond the own warp: what atomics and fences carry from thread to thread.
struct Knowledge
{
    std::map<uint32_t, uint32_t> blocks;                          // block -> barriers: all before those is known
    std::map<std::pair<uint32_t, uint16_t>, uint32_t> threads;    // (block, thread) -> clock: all up to there is known

    bool empty() const { return blocks.empty() && threads.empty(); }
    void add(const Knowledge& other);
};

struct Clock
{
    uint32_t own;               // counts this thread's fences and __syncwarps
    uint32_t warp[32];          // what it knows of the lanes of its warp
    Knowledge known;            // by atomics it has read
    Knowledge fenced;           // what its last fence would publish
};

class Race
{
public:
    void begin_block(int threads);
    void barrier();
    // Lanes of a warp leave a __syncwarp together.
    void sync_warp(int warp, uint32_t lanes);
    void fence(int thread);
    // An atomic or volatile access at an address both publishes what the thread has fenced and learns what others have published there.
    void publish(int thread, const void* address);
    void learn(int thread, const void* address);
    void end_launch() { _places.clear(); }

    // Enters an access into the history of a cell. Returns the earlier access that it races with, or an empty one.
    Touch enter(Cell& cell, int thread, uint16_t flags, uint32_t spot, Space space);
    uint32_t block() const { return _block; }

private:
    bool ordered(const Touch& earlier, int thread, Space space) const;
    bool races(const Touch& earlier, int thread, uint16_t flags, Space space) const;
    static void remember(Touch (&slots)[2], const Touch& touch, bool first_is_old, bool second_is_old);

    uint32_t _block = 0;
    uint32_t _launch_first = 1;
    uint32_t _barriers = 0;
    std::vector<Clock> _clocks;
    Knowledge _block_known;                         // what all threads of the block know since the last barrier
    Knowledge _block_fenced;                        // and what any of them may publish
    std::map<const void*, Knowledge> _places;       // what atomics have published

public:
    void begin_launch() { _launch_first = _block + 1; _places.clear(); }
};

}

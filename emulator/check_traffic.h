// Counts what warp instructions do to memory, as contracts.md section 7 defines it.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "check_space.h"

namespace dwarf::check
{

struct Counters
{
    uint64_t read, written;                 // bytes of global memory: active lanes x size
    uint64_t sectors, ideal_sectors;
    uint64_t passes, ideal_passes;          // of shared memory
    uint64_t barriers;                      // a barrier of one block counts once
    uint64_t instructions, lanes;           // memory instructions of warps, and the lanes active in them

    void add(const Counters& other);
};

// One memory instruction of a warp: the lanes that are active and where each one reaches.
struct Instruction
{
    uint32_t lanes;
    uint32_t bytes;                         // of each lane
    bool reads, writes;
    Space space;
    uint64_t address[32];
};

void count(Counters& counters, const Instruction& instruction);

// An instruction as it happened, for pictures: addresses from the start of the object they lie in.
struct Sample
{
    Instruction instruction;
    std::string object;
    uint32_t block, warp;
};

}

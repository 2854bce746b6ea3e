#include "check_traffic.h"

#include <algorithm>

namespace dwarf::check
{

namespace
{

struct Extent { uint64_t first, end; };

// The lanes' bytes as separate extents in ascending order; returns how many.
int merge(const Instruction& instruction, Extent (&extents)[32])
{
    int count = 0;
    bool ascending = true;
    for (uint32_t left = instruction.lanes; left != 0; left &= left - 1)
    {
        uint64_t first = instruction.address[__builtin_ctz(left)];
        ascending = ascending && (count == 0 || first >= extents[count - 1].first);
        extents[count++] = {first, first + instruction.bytes};
    }
    if (!ascending) std::sort(extents, extents + count, [](const Extent& a, const Extent& b) { return a.first < b.first; });
    int merged = 0;
    for (int i = 0; i < count; i++)
    {
        if (merged > 0 && extents[i].first <= extents[merged - 1].end)
            extents[merged - 1].end = std::max(extents[merged - 1].end, extents[i].end);
        else
            extents[merged++] = extents[i];
    }
    return merged;
}

}

void Counters::add(const Counters& other)
{
    read += other.read;
    written += other.written;
    sectors += other.sectors;
    ideal_sectors += other.ideal_sectors;
    passes += other.passes;
    ideal_passes += other.ideal_passes;
    barriers += other.barriers;
    instructions += other.instructions;
    lanes += other.lanes;
}

void count(Counters& counters, const Instruction& instruction)
{
    uint64_t active = uint64_t(__builtin_popcount(instruction.lanes));
    counters.instructions++;
    counters.lanes += active;
    Extent extents[32];
    int found = merge(instruction, extents);
    uint64_t distinct = 0;
    for (int i = 0; i < found; i++) distinct += extents[i].end - extents[i].first;
    if (instruction.space == Space::global)
    {
        if (instruction.reads) counters.read += active * instruction.bytes;
        if (instruction.writes) counters.written += active * instruction.bytes;
        constexpr uint64_t Sector = 32;
        uint64_t next = 0;                          // the first sector not yet counted
        for (int i = 0; i < found; i++)
        {
            uint64_t first = std::max(extents[i].first / Sector, next), last = (extents[i].end - 1) / Sector;
            if (last + 1 > first) counters.sectors += last + 1 - first;
            next = std::max(next, last + 1);
        }
        counters.ideal_sectors += (distinct + Sector - 1) / Sector;
        return;
    }
    // A bank gives one word in a pass; lanes that want the same word get it together.
    constexpr uint64_t Word = 4, Banks = 32;
    uint32_t wanted[Banks] = {};
    uint64_t next = 0;
    for (int i = 0; i < found; i++)
    {
        uint64_t first = std::max(extents[i].first / Word, next), last = (extents[i].end - 1) / Word;
        for (uint64_t word = first; word <= last; word++) wanted[word % Banks]++;
        next = std::max(next, last + 1);
    }
    counters.passes += *std::max_element(wanted, wanted + Banks);
    counters.ideal_passes += (distinct + Word * Banks - 1) / (Word * Banks);
}

}

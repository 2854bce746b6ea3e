// Checked mode runs on one worker; this is what it knows of the block that runs.
#pragma once
#include "check.h"
#include "check_race.h"
#include "hooks.h"
#include "schedule.h"

namespace dwarf::check
{

struct Race_found
{
    Touch earlier;
    Object* object;
    char* address;
    uint32_t bytes;
    uint16_t flags;
    uint32_t spot;
    uint3 thread;
};

// One thread of the block: where it waits for its warp, or what it did last.
struct Lane
{
    char* address;
    uint32_t bytes, spot;
    uint16_t flags;
    Space space;
    bool compound;                  // a struct's copy: not one machine word
    bool dead;                      // stopped by a fault; nobody waits for it
    bool gone;                      // the kernel has returned for it
    uintptr_t pc;                   // orders the lanes of a warp
    Site site;                      // of an atomic and its like; file null where pc tells the place
    int repeats;
    const char* last;
    uintptr_t last_pc;
    uint32_t barrier;               // the barrier of the source that it waits in, as a spot
    uint32_t barrier_spot;          // and this use of it
    Race_found after;               // to be told if its write changed anything
    unsigned char before[16];
    struct { const char* address; uint32_t spot; } reads[4];        // its last plain reads, the newest at next_read - 1
    int next_read;
};

struct State
{
    Worker* worker = nullptr;
    Lane lanes[MaxThreads];
    uint32_t paused[MaxWarps];
    Race race;
    uint32_t first_block = 0;       // serial number of the launch's first block
    std::vector<uint64_t> order;    // block numbers in the order in which they ran
    uint64_t layout_launch = ~uint64_t(0);
    // Races between a plain read and an atomic, told at the end of the block unless the read is one that an atomic of its thread follows:
    // how a loop around atomicCAS begins.
    std::vector<Race_found> suspects;
    std::vector<bool> excused;      // by spot of the read
    bool retired = false;           // some stacks are lost until the block is over
};

extern State state;

// The lane's last write is over.
void settle(Lane& lane);
void judge_suspects();
bool on_stack(const void* address);
void access(const void* address, uint32_t bytes, uint16_t flags, bool compound, uintptr_t pc, Site site);
// A pointer to `type` is followed that is no multiple of its alignment.
void misaligned(const void* address, uint32_t alignment, const char* type, uintptr_t pc);
// Nothing can run: lets one instruction of every warp go on. False where no lane waits at an access.
bool stall(Worker& worker);
void keep_sample(const Lane& leader, const Instruction& instruction, int warp);
// Enters a thread's access of an object into the history of its words, and tells of races.
void enter_history(Thread& thread, Lane& lane, Object& object);
void tally(const Lane& leader, const Instruction& instruction, int warp);
[[noreturn]] void out_of_time(uint32_t spot);
[[noreturn]] void stop(Lane& lane);
// Makes the variables of the module that runs known.
void add_variables(const Module& module);
void install(Mode wanted, int samples);

}

// Counting and checked mode: the instruments behind `dwarf kernels run --check` and `kernels explain`. They sit on the runtime's hooks and on
// the calls that g++ -fsanitize=thread,alignment puts before every load and store (see README.md).
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "check_space.h"
#include "check_traffic.h"
#include "context.h"

namespace dwarf
{
struct Launch;
}

namespace dwarf::check
{

enum class Mode { plain, counting, checking };
extern Mode mode;
extern int samples_per_line;            // how many instructions of each source line are kept as samples

// A place in a kernel's source: the return address of an instrumented access, or the file and line that the shim passed along.
struct Spot
{
    uintptr_t pc;
    const char* site_file;
    int site_line;
    std::string file;                   // filled by resolve()
    int line;
    std::string inside;                 // "common.cuh:12" where the access stands in a header and line is its caller's
};

uint32_t spot_of(uintptr_t pc);
// The same with what the shim passed along, for where no address is known. Of accesses within a header the address tells the caller, too.
uint32_t spot_of(uintptr_t pc, const char* file, int line);
uint32_t spot_of(const char* file, int line);
// Gives spots that are new their file and line; `main` is the file that a caller is looked for in.
void resolve(const std::string& main);
Spot& spot(uint32_t id);
size_t spot_count();

// What one launch did.
struct Finding
{
    std::string kind, message;          // $1 and $2 in the message stand for the lines of spot and other
    uint32_t spot, other;
    uint3 block, thread;
};

struct Record
{
    std::string kernel, file;
    dim3 grid, block;
    unsigned shared_bytes;
    std::vector<Finding> findings;
    std::vector<Counters> counters;                 // by spot
    std::vector<std::vector<Sample>> samples;       // by spot
};

Record& record();                       // of the launch that runs
void start_record(const Launch& launch);
void finish_record();
void clear_records();
// Once per kind and spot; the first stays.
void report(const char* kind, uint32_t spot, uint32_t other, uint3 block, uint3 thread, const std::string& message);
bool reported(const char* kind, uint32_t spot);
// All launches since the last clear, as JSON.
std::string json();

}

// Checked mode: whose memory an address is, and what has happened to every word of it.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace dwarf::check
{

enum class Space : uint8_t { nobody, local, global, shared };

// Who touched a word: enough to say whether another access is ordered after it, and to name it in a message.
struct Touch
{
    uint32_t block;                 // serial number since the process began; 0 = nobody yet
    uint16_t thread;                // linear in the block
    uint16_t flags;                 // Write, Atomic, Volatile
    uint32_t barriers;              // how many barriers its block had passed
    uint32_t clock;                 // of its thread
    uint32_t spot;                  // the place in the source
};

// The history of one 4-byte word, or of one byte where threads work on parts of a word.
struct Cell
{
    Touch write[2], read[2];
    uint32_t parts;                 // 1 + index of the first of four byte cells; 0 = whole
};

// One allocation, one shared object, or one variable of a module.
struct Object
{
    char* base = nullptr;
    size_t bytes = 0;
    Space space = Space::nobody;
    std::string name;
    bool live = true;
    bool all_written = false;       // nothing left to look up in `written`
    std::vector<uint8_t> written;   // a byte each: 1 = has a value
    std::vector<Cell> cells;        // made at the first access that is checked
    std::vector<Cell> byte_cells;

    size_t offset(const void* address) const { return size_t(static_cast<const char*>(address) - base); }
    // The cells of byte `at`'s word split into bytes.
    Cell* split(Cell& cell);
    void mark_written(size_t from, size_t count);
    // The first byte without a value in [from, from + count), or -1.
    long first_unwritten(size_t from, size_t count) const;
};

// Global memory comes and goes with the runtime's allocations.
void global_added(void* base, size_t bytes, const std::string& name);
void global_removed(void* base);
void global_forgotten(void* base);       // as if it had never been
void global_written(void* base, size_t bytes);
void global_named(void* base, const std::string& name);

// The shared objects of the kernel that is launched; each block finds them without values.
void shared_clear();
void shared_added(char* base, size_t bytes, const std::string& name);
void shared_range(char* begin, char* end);
void shared_fresh();

// Where bytes lie: inside an object, or past the one that is meant (the nearest). No object: memory that is nobody's.
struct Where { Object* object; bool inside; };
Where find(const void* address, size_t bytes);

}

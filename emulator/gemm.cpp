#include "gemm.h"
#include "gemm_pack.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

namespace gemm {

namespace {

// Kernels of one instruction set: `columns` wide, for panels of 1, 2, 4 and `rows` rows.
template <typename T>
struct Tiles
{
    int columns, rows;
    void (*run[4])(long terms, const T* left, const T* right, T* sums);
};

#define TILE_NAMESPACE portable
#define TILE_TARGET
#define TILE_BYTES 16
#define TILE_ROWS 4
#include "gemm_tile.inc"
#undef TILE_NAMESPACE
#undef TILE_TARGET
#undef TILE_BYTES
#undef TILE_ROWS

#if defined(__x86_64__)
#define TILE_NAMESPACE avx2
#define TILE_TARGET __attribute__((target("avx2,fma")))
#define TILE_BYTES 32
#define TILE_ROWS 6
#include "gemm_tile.inc"
#undef TILE_NAMESPACE
#undef TILE_TARGET
#undef TILE_BYTES
#undef TILE_ROWS

#define TILE_NAMESPACE avx512
#define TILE_TARGET __attribute__((target("avx512f,avx512vl,avx512dq,fma")))
#define TILE_BYTES 64
#define TILE_ROWS 12
#include "gemm_tile.inc"
#endif

template <typename T>
const Tiles<T>& best_tiles()
{
    static const Tiles<T> tiles = [] {
#if defined(__x86_64__)
        if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
            return avx512::tiles<T>();
        if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return avx2::tiles<T>();
#endif
        return portable::tiles<T>();
    }();
    return tiles;
}

constexpr long DEPTH = 256;                 // terms of a pass: a panel of the right operand then stays in the first-level cache
constexpr long TASK_ROWS = 96, TASK_COLUMNS = 256;
constexpr double SERIAL_WORK = 4e5;         // multiplications that are not worth waking a second thread

long divide_up(long a, long b) { return (a + b - 1) / b; }

struct Scratch
{
    std::vector<char> bytes;

    void* reserve(size_t size)
    {
        if (bytes.size() < size + 64) bytes.resize(size + 64);
        return reinterpret_cast<void*>((reinterpret_cast<uintptr_t>(bytes.data()) + 63) & ~uintptr_t(63));
    }
};

template <typename T, typename Read>
struct Product
{
    const Problem& p;
    Team* team;                             // null = on this thread
    const Tiles<T>& tiles = best_tiles<T>();
    long left_panels = 0, right_panels = 0, task_rows = 0, task_columns = 0, tasks_down = 0;
    T* packed_left = nullptr;
    T* packed_right = nullptr;

    void run(Scratch& scratch)
    {
        left_panels = divide_up(p.rows, tiles.rows);
        right_panels = divide_up(p.columns, tiles.columns);
        long left_size = p.terms * (left_panels * tiles.rows), right_size = p.terms * (right_panels * tiles.columns);
        packed_left = static_cast<T*>(scratch.reserve((size_t)(left_size + right_size + 16) * sizeof(T)));
        packed_right = packed_left + (left_size + 15) / 16 * 16;
        task_rows = TASK_ROWS / tiles.rows;
        task_columns = TASK_COLUMNS / tiles.columns;
        if (team != nullptr)                // at least some four tasks a thread, so that all end together
            while (divide_up(left_panels, task_rows) * divide_up(right_panels, task_columns) < 4 * team->threads()
                && (task_rows > 1 || task_columns > 1))
            {
                long height = std::min(task_rows, left_panels) * tiles.rows, width = std::min(task_columns, right_panels) * tiles.columns;
                if (task_columns == 1 || (task_rows > 1 && height > width))
                    task_rows = divide_up(task_rows, 2);
                else
                    task_columns = divide_up(task_columns, 2);
            }
        tasks_down = divide_up(left_panels, task_rows);
        phase(right_panels, [](void* self, long i) { static_cast<Product*>(self)->pack_right(i); });
        phase(left_panels, [](void* self, long i) { static_cast<Product*>(self)->pack_left(i); });
        phase(tasks_down * divide_up(right_panels, task_columns), [](void* self, long i) { static_cast<Product*>(self)->task(i); });
    }

    void phase(long count, void (*body)(void*, long))
    {
        if (team != nullptr && count > 1)
            team->run(count, body, this);
        else
            for (long i = 0; i < count; i++) body(this, i);
    }

    // The height of a panel: the last may be lower.
    int kernel_of(long rows) const { return rows > 4 ? 3 : rows > 2 ? 2 : rows > 1 ? 1 : 0; }
    int height_of(long rows) const { return rows > 4 ? tiles.rows : rows > 2 ? 4 : rows > 1 ? 2 : 1; }
    long rows_in(long panel) const { return std::min<long>(tiles.rows, p.rows - panel * tiles.rows); }

    void pack_left(long i)
    {
        long rows = rows_in(i);
        auto from = static_cast<const typename Read::stored*>(p.left) + i * tiles.rows * p.left_row;
        pack<T, Read>(from, p.left_row, p.left_term, rows, height_of(rows), p.terms, packed_left + i * tiles.rows * p.terms);
    }

    void pack_right(long j)
    {
        long used = std::min<long>(tiles.columns, p.columns - j * tiles.columns);
        auto from = static_cast<const typename Read::stored*>(p.right) + j * tiles.columns * p.right_column;
        pack<T, Read>(from, p.right_column, p.right_term, used, tiles.columns, p.terms, packed_right + j * tiles.columns * p.terms);
    }

    void task(long index)
    {
        static thread_local Scratch own;
        long top = index % tasks_down * task_rows, bottom = std::min(left_panels, top + task_rows);
        long begin = index / tasks_down * task_columns, end = std::min(right_panels, begin + task_columns);
        long tile_size = tiles.rows * tiles.columns;
        T* sums = static_cast<T*>(own.reserve((size_t)((bottom - top) * (end - begin) * tile_size) * sizeof(T)));
        memset(sums, 0, (size_t)((bottom - top) * (end - begin) * tile_size) * sizeof(T));
        for (long start = 0; start < p.terms; start += DEPTH)
        {
            long terms = std::min(DEPTH, p.terms - start);
            for (long j = begin; j < end; j++)
                for (long i = top; i < bottom; i++)
                {
                    long rows = rows_in(i);
                    tiles.run[kernel_of(rows)](terms, packed_left + i * tiles.rows * p.terms + start * height_of(rows),
                        packed_right + (j * p.terms + start) * tiles.columns, sums + ((j - begin) * (bottom - top) + i - top) * tile_size);
                }
        }
        for (long j = begin; j < end; j++)
            for (long i = top; i < bottom; i++) write(sums + ((j - begin) * (bottom - top) + i - top) * tile_size, i, j);
    }

    void write(const T* sums, long i, long j)
    {
        long rows = rows_in(i), column = j * tiles.columns, width = std::min<long>(tiles.columns, p.columns - column);
        for (long r = 0; r < rows; r++)
        {
            long at = (i * tiles.rows + r) * p.result_row + column;
            if (p.result_type == Element::BF16)
                write_row<uint16_t>(sums + r * tiles.columns, at, column, width);
            else if (p.result_type == Element::F32)
                write_row<float>(sums + r * tiles.columns, at, column, width);
            else
                write_row<double>(sums + r * tiles.columns, at, column, width);
        }
    }

    template <typename R>
    void write_row(const T* sums, long at, long column, long width)
    {
        R* to = static_cast<R*>(p.result) + at;
        auto bias = static_cast<const R*>(p.bias);
        T alpha = (T)p.alpha, beta = (T)p.beta;
        for (long c = 0; c < width; c++)
        {
            T value = alpha * sums[c];
            if (beta != 0) value += beta * widen<T>(to[c]);
            if (bias != nullptr) value += widen<T>(bias[column + c]);
            narrow(value, to[c]);
        }
    }
};

Problem item_of(const Problem& p, long i)
{
    Problem item = p;
    item.left = static_cast<const char*>(p.left) + i * p.left_item * size_of(p.operands);
    item.right = static_cast<const char*>(p.right) + i * p.right_item * size_of(p.operands);
    item.result = static_cast<char*>(p.result) + i * p.result_item * size_of(p.result_type);
    item.batch = 1;
    return item;
}

template <typename T, typename Read>
void multiply_as(const Problem& p, Team& team)
{
    static thread_local Scratch scratch;    // of the thread that calls, or of the one that has an item of the batch to itself
    double work = (double)p.rows * p.columns * (double)std::max<long>(p.terms, 1);
    if (p.batch > 1 && (p.batch >= 4 * team.threads() || work < SERIAL_WORK))
    {
        struct Items { const Problem& p; } items { p };
        auto body = [](void* context, long i) {
            Problem item = item_of(static_cast<Items*>(context)->p, i);
            Product<T, Read> { item, nullptr }.run(scratch);
        };
        if (work * (double)p.batch < SERIAL_WORK)
            for (long i = 0; i < p.batch; i++) body(&items, i);
        else
            team.run(p.batch, body, &items);
        return;
    }
    for (long i = 0; i < p.batch; i++)
    {
        Problem item = item_of(p, i);
        Product<T, Read> { item, work < SERIAL_WORK ? nullptr : &team }.run(scratch);
    }
}

}

void multiply(const Problem& p, Team& team)
{
    if (p.rows <= 0 || p.columns <= 0 || p.batch <= 0) return;
    switch (p.operands)
    {
        case Element::F64: multiply_as<double, ReadF64>(p, team); break;
        case Element::BF16: multiply_as<float, ReadBf16>(p, team); break;
        default:
            if (p.tf32)
                multiply_as<float, ReadTf32>(p, team);
            else
                multiply_as<float, ReadF32>(p, team);
    }
}

}

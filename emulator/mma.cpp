// What a warp does together in mma.sync.m16n8k16 and ldmatrix, from all lanes' registers at once. Layouts: PTX ISA, "Matrix Fragments for
// mma.m16n8k16" and "ldmatrix"; g = lane / 4, q = lane % 4.
#include <cstdint>
#include <cstring>

#include "mma_lanes.h"

namespace
{

float to_float(uint32_t half)
{
    uint32_t bits = half << 16;
    float value;
    std::memcpy(&value, &bits, sizeof(value));
    return value;
}

// A lane that did not come leaves nothing to compute with: the others get NaN, which no test overlooks.
bool all_came(void* const* lanes)
{
    for (int lane = 0; lane < 32; lane++)
        if (lanes[lane] == nullptr) return false;
    return true;
}

}

extern "C" __attribute__((visibility("default"))) void dwarf_mma_16816(void* const* lanes)
{
    auto lane = [&](int i) { return static_cast<dwarf_mma_lane*>(lanes[i]); };
    if (!all_came(lanes))
    {
        for (int i = 0; i < 32; i++)
            if (lanes[i] != nullptr) std::memset(lane(i)->d, 0xff, sizeof(lane(i)->d));
        return;
    }
    float a[16][16], b[16][8], d[16][8] = {};
    for (int i = 0; i < 32; i++)
    {
        int g = i >> 2, q = i & 3;
        for (int r = 0; r < 4; r++)
            for (int half = 0; half < 2; half++) a[g + 8 * (r & 1)][2 * q + 8 * (r >> 1) + half] = to_float(lane(i)->a[r] >> 16 * half & 0xffff);
        for (int r = 0; r < 2; r++)
            for (int half = 0; half < 2; half++) b[2 * q + 8 * r + half][g] = to_float(lane(i)->b[r] >> 16 * half & 0xffff);
    }
    for (int row = 0; row < 16; row++)
        for (int k = 0; k < 16; k++)
            for (int column = 0; column < 8; column++) d[row][column] += a[row][k] * b[k][column];
    for (int i = 0; i < 32; i++)
        for (int e = 0; e < 4; e++) lane(i)->d[e] += d[(i >> 2) + 8 * (e >> 1)][2 * (i & 3) + (e & 1)];
}

extern "C" __attribute__((visibility("default"))) void dwarf_ldmatrix(void* const* lanes)
{
    auto lane = [&](int i) { return static_cast<dwarf_ldmatrix_lane*>(lanes[i]); };
    if (!all_came(lanes))
    {
        for (int i = 0; i < 32; i++)
            if (lanes[i] != nullptr) std::memset(lane(i)->result, 0xff, sizeof(lane(i)->result));
        return;
    }
    for (int matrix = 0; matrix < lane(0)->matrices; matrix++)
    {
        auto element = [&](int row, int column)
        {
            return lane(8 * matrix + row)->row[column >> 1] >> 16 * (column & 1) & 0xffff;
        };
        for (int i = 0; i < 32; i++)
        {
            int g = i >> 2, q = i & 3;
            lane(i)->result[matrix] = lane(i)->transposed
                ? element(2 * q, g) | element(2 * q + 1, g) << 16
                : lane(8 * matrix + g)->row[q];
        }
    }
}

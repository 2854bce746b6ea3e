// What a lane gives to a tensor-core instruction and takes from it. Seen by kernels (mma.h) and by the runtime (mma.cpp), so plain C++ without any
// header.
#pragma once

// One lane's registers in mma.sync.m16n8k16.
struct dwarf_mma_lane
{
    unsigned a[4], b[2];
    float d[4];
};

// One lane's row and registers in ldmatrix.
struct dwarf_ldmatrix_lane
{
    unsigned row[4];          // 8 elements of 16 bits, read by the lane itself so that instruments see it
    unsigned result[4];
    int matrices, transposed;
};

extern "C"
{
void dwarf_mma_16816(void* const* lanes);
void dwarf_ldmatrix(void* const* lanes);
}

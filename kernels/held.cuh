// A row in the registers of the threads that share it: read once, used twice. COUNT elements a thread, in packs where the row's length allows it.
#pragma once
#include "common.cuh"

template <int THREADS, int COUNT> struct held_row
{
    static constexpr int LENGTH = THREADS * COUNT, PACKS = COUNT / PACK;
    accum at[COUNT];

    // Which element of the row slot `slot` holds.
    static __device__ __forceinline__ int column(int slot, bool packs)
    {
        int thread = threadIdx.x;
        return packs ? (slot / PACK * THREADS + thread) * PACK + slot % PACK : slot * THREADS + thread;
    }

    // Beyond the row's end slots are zero.
    __device__ __forceinline__ void load(const scalar* row, long long length)
    {
        bool packs = length % PACK == 0;
#pragma unroll
        for (int k = 0; k < PACKS; k++)
        {
            pack group;
#pragma unroll
            for (int j = 0; j < PACK; j++) group.at[j] = 0;
            if (packs)
            {
                if (column(k * PACK, true) < length) group = load_pack(row + column(k * PACK, true));
            }
            else
            {
#pragma unroll
                for (int j = 0; j < PACK; j++)
                {
                    if (column(k * PACK + j, false) < length) group.at[j] = to_accum(row[column(k * PACK + j, false)]);
                }
            }

#pragma unroll
            for (int j = 0; j < PACK; j++) at[k * PACK + j] = group.at[j];
        }
    }

    __device__ __forceinline__ void store(scalar* row, long long length) const
    {
        bool packs = length % PACK == 0;
#pragma unroll
        for (int k = 0; k < PACKS; k++)
        {
            if (packs)
            {
                pack group;
#pragma unroll
                for (int j = 0; j < PACK; j++) group.at[j] = at[k * PACK + j];
                if (column(k * PACK, true) < length) store_pack(row + column(k * PACK, true), group);
            }
            else
            {
#pragma unroll
                for (int j = 0; j < PACK; j++)
                {
                    if (column(k * PACK + j, false) < length) row[column(k * PACK + j, false)] = to_scalar(at[k * PACK + j]);
                }
            }
        }
    }
};

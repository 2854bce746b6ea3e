// Small kernels that the interpreter itself is tested with.
#include "common.cuh"

extern "C" __global__ void saxpy(const scalar* x, scalar* y, accum a, long long n)
{
    long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x;
    if (i < n) y[i] = to_scalar(a * to_accum(x[i]) + to_accum(y[i]));
}

// A tile of 32 x 32 through shared memory, a block of 32 x 8.
extern "C" __global__ void transpose(const scalar* x, scalar* y, int rows, int columns)
{
    __shared__ scalar tile[32][33];
    int column = blockIdx.x * 32 + threadIdx.x;
    for (int r = threadIdx.y; r < 32; r += 8)
    {
        int row = blockIdx.y * 32 + r;
        if (row < rows && column < columns) tile[r][threadIdx.x] = x[row * columns + column];
    }
    __syncthreads();
    int target = blockIdx.y * 32 + threadIdx.x;
    for (int r = threadIdx.y; r < 32; r += 8)
    {
        int row = blockIdx.x * 32 + r;
        if (row < columns && target < rows) y[row * rows + target] = tile[threadIdx.x][r];
    }
}

// Sum of a block, in dynamic shared memory's first element too.
extern "C" __global__ void block_total(const scalar* x, accum* total, int* votes, int n)
{
    extern __shared__ __align__(16) unsigned char shared[];
    accum* scratch = reinterpret_cast<accum*>(shared);
    accum sum = 0;
    for (int i = threadIdx.x; i < n; i += blockDim.x) sum += to_accum(x[i]);
    sum = block_sum(sum, scratch);
    unsigned odd = __ballot_sync(FULL_WARP, threadIdx.x & 1);
    int many = __syncthreads_count(threadIdx.x < 5);
    if (threadIdx.x == 0)
    {
        total[blockIdx.x] = sum;
        atomicAdd(votes, __popc(odd) + many);
    }
}

// Diverged lanes with loops of different lengths, which meet again for a shuffle.
extern "C" __global__ void diverged(int* y)
{
    int lane = threadIdx.x, steps = 0;
    for (int n = lane + 1; n != 1; steps++) n = n % 2 == 0 ? n / 2 : 3 * n + 1;
    y[lane] = steps + 1000 * __shfl_sync(FULL_WARP, steps, (lane + 1) & 31);
}

extern "C" __global__ void functions(const accum* x, accum* y)
{
    accum v = x[threadIdx.x];
    y[threadIdx.x * 8 + 0] = exp(v);
    y[threadIdx.x * 8 + 1] = erf(v);
    y[threadIdx.x * 8 + 2] = tanh(v);
    y[threadIdx.x * 8 + 3] = log(fabs(v));
    y[threadIdx.x * 8 + 4] = sqrt(fabs(v));
    y[threadIdx.x * 8 + 5] = log1p(fabs(v));
    y[threadIdx.x * 8 + 6] = floor(v);
    y[threadIdx.x * 8 + 7] = max(v, accum(0.5));
}

// A table chosen by a switch, and a local array indexed at run time.
extern "C" __global__ void chosen(const int* which, int* y)
{
    int i = threadIdx.x, local[8];
    for (int k = 0; k < 8; k++) local[k] = which[k] * 3;
    switch (which[i])
    {
        case 0: y[i] = 7; break;
        case 1: y[i] = local[which[i + 1] & 7]; break;
        case 2: atomicMax(&y[i], 11); break;
        case 3: y[i] = __brev(1u) >> 28; break;
        case 4: y[i] = __clz(i + 1); break;
        case 5: y[i] = which[i] << i; break;
        default: y[i] = -1; break;
    }
}

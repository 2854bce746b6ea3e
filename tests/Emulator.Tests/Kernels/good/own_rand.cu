// run: --kernel k --grid 1 --block 32 --arg zeros:y:u32:32
// value: y 2 = 1017233273
__device__ unsigned rand(unsigned& state) { state = state * 1664525u + 1013904223u; return state; }
__device__ unsigned draw(unsigned seed) { unsigned s = seed; return rand(s); }
__global__ void k(unsigned* y)
{
    y[threadIdx.x] = draw(threadIdx.x);
}

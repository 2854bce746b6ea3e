// run: --kernel add --grid 3 --block 64 --arg zeros:m:i32:1 --arg zeros:sum:i32:1
// value: sum 0 = 192
struct Lock {
    int* mutex;
    __device__ void lock() { while (atomicCAS(mutex, 0, 1) != 0); __threadfence(); }
    __device__ void unlock() { __threadfence(); atomicExch(mutex, 0); }
};
__global__ void add(int* m, int* sum)
{
    Lock l{m};
    __shared__ int s;
    if (threadIdx.x == 0) s = 0;
    __syncthreads();
    atomicAdd(&s, 1);
    __syncthreads();
    if (threadIdx.x == 0) { l.lock(); *sum += s; l.unlock(); }
}

// run: --kernel add --grid 4 --block 32 --arg zeros:lock:i32:1 --arg zeros:sum:f32:1
// value: sum 0 = 4
__global__ void add(int* lock, float* sum)
{
    if (threadIdx.x == 0)
    {
        while (atomicCAS(lock, 0, 1) != 0) { }
        __threadfence();
        *sum += 1.0f;
        __threadfence();
        atomicExch(lock, 0);
    }
}

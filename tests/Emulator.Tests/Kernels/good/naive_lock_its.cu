// run: --kernel add --grid 2 --block 64 --arg zeros:m:i32:1 --arg zeros:sum:i32:1
// value: sum 0 = 128
__global__ void add(int* m, int* sum)
{
    while (atomicCAS(m, 0, 1) != 0) { }
    __threadfence();
    *sum = *sum + 1;
    __threadfence();
    atomicExch(m, 0);
}

// run: --kernel hello --grid 1 --block 2 --arg zeros:y:i32:2
// value: y 1 = 1
#include <stdio.h>
__global__ void hello(int* y)
{
    printf("thread %d of %u\n", threadIdx.x, blockDim.x);
    y[threadIdx.x] = threadIdx.x;
}

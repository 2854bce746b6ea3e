// run: --kernel votes --grid 1 --block 64 --arg tensor:x --arg zeros:y:i32:3
// tensor: x i32 64 ramp
// value: y 0 = 32
// value: y 1 = 1
// value: y 2 = 0
// counter: barriers = 3
__global__ void votes(const int* x, int* y)
{
    int v = x[threadIdx.x];
    int even = __syncthreads_count(v % 2 == 0);
    int any = __syncthreads_or(v == 63);
    int all = __syncthreads_and(v < 63);
    if (threadIdx.x == 0) { y[0] = even; y[1] = any; y[2] = all; }
}

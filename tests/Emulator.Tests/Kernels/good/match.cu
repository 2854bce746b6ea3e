// run: --kernel groups --grid 1 --block 32 --arg tensor:x --arg zeros:y:i32:32
// tensor: x i32 32 mod4
// value: y 0 = 8
__global__ void groups(const int* x, int* y)
{
    unsigned m = __match_any_sync(0xffffffff, x[threadIdx.x]);
    y[threadIdx.x] = __popc(m);
}

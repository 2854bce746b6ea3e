// run: --kernel k --grid 1 --block 8 --arg tensor:x --arg zeros:y:i64:8
// tensor: x i32 40 ramp
__global__ void k(const int* x, long long* y) { y[threadIdx.x] = *(const long long*)(x + 2 * threadIdx.x + 1); } //! misaligned [0,0,0] [0,0,0]

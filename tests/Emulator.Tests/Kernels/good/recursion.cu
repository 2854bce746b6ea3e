// run: --kernel k --grid 1 --block 16 --arg zeros:y:i32:16
// value: y 10 = 55
__device__ int fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
__global__ void k(int* y) { y[threadIdx.x] = fib(threadIdx.x); }

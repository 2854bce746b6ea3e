// run: --kernel dot --grid 4 --block 64 --arg tensor:a --arg tensor:b --arg zeros:c:f32:1 --arg i32:1000
// tensor: a f32 1000 ones
// tensor: b f32 1000 ones
// value: c 0 = 1000
const int threadsPerBlock = 64;
__global__ void dot(float *a, float *b, float *c, int N) {
    __shared__ float cache[threadsPerBlock];
    int tid = threadIdx.x + blockIdx.x * blockDim.x;
    int cacheIndex = threadIdx.x;
    float temp = 0;
    while (tid < N) { temp += a[tid] * b[tid]; tid += blockDim.x * gridDim.x; }
    cache[cacheIndex] = temp;
    __syncthreads();
    int i = blockDim.x / 2;
    while (i != 0) {
        if (cacheIndex < i) cache[cacheIndex] += cache[cacheIndex + i];
        __syncthreads();
        i /= 2;
    }
    if (cacheIndex == 0) atomicAdd(c, cache[0]);
}

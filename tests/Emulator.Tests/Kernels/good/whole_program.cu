// run: --kernel k --grid 1 --block 32 --arg zeros:y:f32:32
// value: y 1 = 3
#include <cuda_runtime.h>
#include <stdio.h>
#include <stdlib.h>
#include <iostream>
#include <vector>
using namespace std;
#define CHECK(call) do { cudaError_t e = call; if (e != cudaSuccess) { fprintf(stderr, "%s\n", cudaGetErrorString(e)); exit(1); } } while (0)
struct Timer { cudaEvent_t a, b; Timer() { cudaEventCreate(&a); } };
struct Pair { float x, y; __host__ __device__ float sum() const { return x + y; } };
const int N = 32;
__device__ float twice(float v) { return 2 * v; }
__global__ void k(float* y)
{
    Pair p{twice((float)threadIdx.x), 1.0f};
    y[threadIdx.x] = p.sum();
}
void init(float* p, int n) { for (int i = 0; i < n; i++) p[i] = rand() / (float)RAND_MAX; }
float reference(const float* p, int n) { float s = 0; for (int i = 0; i < n; i++) s += p[i]; return s; }
template <typename T> void launch(T* d) { k<<<1, N>>>(d); CHECK(cudaGetLastError()); }
int main(int argc, char** argv)
{
    float *d, *h = (float*)malloc(128);
    init(h, N);
    std::vector<float> v(N);
    CHECK(cudaMalloc(&d, 128));
    launch(d);
    cudaDeviceSynchronize();
    printf("%f\n", reference(h, N));
    cudaFree(d);
    return 0;
}

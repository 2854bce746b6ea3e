// run: --kernel k --grid 1 --block 32 --arg tensor:x --arg zeros:y:f32:32
// tensor: x f32 32 ramp
#define AT(p, i) ((p)[(i)])
template <int N> __device__ float window(const float* p, int i)
{
    float sum = 0;
    for (int k = 0; k < N; k++)
        sum += AT(p, i + k); //! out-of-bounds [0,0,0] [31,0,0]
    return sum;
}
__global__ void k(const float* x, float* y)
{
    y[threadIdx.x] = window<3>(x, threadIdx.x);
}

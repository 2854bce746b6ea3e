// run: --kernel bitonic --grid 1 --block 64 --arg tensor:x
// tensor: x f32 64 down
// value: x 0 = 0
// value: x 63 = 63
__global__ void bitonic(float* x)
{
    __shared__ float s[64];
    unsigned t = threadIdx.x;
    s[t] = x[t];
    __syncthreads();
    for (unsigned k = 2; k <= 64; k <<= 1)
        for (unsigned j = k >> 1; j > 0; j >>= 1)
        {
            unsigned o = t ^ j;
            if (o > t)
            {
                bool up = (t & k) == 0;
                if ((s[t] > s[o]) == up) { float v = s[t]; s[t] = s[o]; s[o] = v; }
            }
            __syncthreads();
        }
    x[t] = s[t];
}

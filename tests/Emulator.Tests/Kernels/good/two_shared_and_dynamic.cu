// run: --kernel mix --grid 1 --block 32 --shared 384 --arg tensor:x --arg zeros:y:f32:32
// tensor: x f32 32 ramp
// value: y 31 = 62
__global__ void mix(const float* x, float* y)
{
    __shared__ float first[32], second[32];
    extern __shared__ char raw[];
    float* floats = reinterpret_cast<float*>(raw);
    int* ints = (int*)(floats + 32);
    unsigned long long* longs = (unsigned long long*)raw;
    int t = threadIdx.x;
    first[t] = x[t];
    second[31 - t] = x[t];
    floats[t] = 1.0f;
    ints[t] = t;
    __syncthreads();
    float v = first[t] + second[31 - t];
    y[t] = floats[31 - t] == 1.0f && ints[t] == t ? v : -1.0f;
    __syncthreads();
    if (t < 16) longs[t] = t;
}

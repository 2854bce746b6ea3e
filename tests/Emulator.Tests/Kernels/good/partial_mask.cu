// run: --kernel sum --grid 1 --block 96 --arg tensor:x --arg zeros:y:f32:3 --arg i32:80
// tensor: x f32 80 ones
// value: y 0 = 32
// value: y 2 = 16
__global__ void sum(const float* x, float* y, int n)
{
    int i = threadIdx.x;
    unsigned mask = __ballot_sync(0xffffffffu, i < n);
    if (i < n)
    {
        float v = x[i];
        int lane = i & 31, count = __popc(mask);
        for (int o = 16; o > 0; o >>= 1)
        {
            float other = __shfl_down_sync(mask, v, o < count ? o : 0);
            if (lane + o < count) v += other;
        }
        if (lane == 0) y[i / 32] = v;
    }
}

// run: --kernel wide --grid 1 --block 32 --arg tensor:in --arg zeros:out:f64:32 --arg zeros:out4:f32:128
// tensor: in f64 32 ramp
// value: out 31 = 62
// counter: shared_passes = 12
// counter: ideal_shared_passes = 12
__global__ void wide(const double* in, double* out, float4* out4)
{
    __shared__ double d[32];
    __shared__ float4 q[32];
    int t = threadIdx.x;
    d[t] = in[t] + in[t];
    q[t] = make_float4(t, t, t, t);
    __syncthreads();
    out[t] = d[t];
    out4[t] = q[t];
}

// run: --kernel copy4 --grid 2 --block 64 --arg tensor:in --arg zeros:out:f32:512 --arg i32:128
// tensor: in f32 512 ramp
// value: out 511 = 1022
// counter: global_bytes_read = 2048
// counter: global_bytes_written = 2048
// counter: global_sectors = 128
// counter: ideal_global_sectors = 128
// counter: lane_occupancy = 1
__global__ void copy4(const float* in, float* out, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    float4 v = reinterpret_cast<const float4*>(in)[i];
    v.x *= 2; v.y *= 2; v.z *= 2; v.w *= 2;
    reinterpret_cast<float4*>(out)[i] = v;
}

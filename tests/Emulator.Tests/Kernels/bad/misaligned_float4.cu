// run: --kernel shift --grid 1 --block 8 --arg tensor:x --arg zeros:y:f32:32
// tensor: x f32 36 ramp
__global__ void shift(const float* x, float* y)
{
    float4 v = *reinterpret_cast<const float4*>(x + 1 + 4 * threadIdx.x); //! misaligned [0,0,0] [0,0,0]
    reinterpret_cast<float4*>(y)[threadIdx.x] = v;
}

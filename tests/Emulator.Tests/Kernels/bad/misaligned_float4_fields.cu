// run: --kernel norm --grid 1 --block 4 --arg tensor:x --arg zeros:y:f32:4 --arg i32:3
// tensor: x f32 36 ramp
__global__ void norm(const float* x, float* y, int pitch)
{
    const float4& v = *(const float4*)(x + threadIdx.x * pitch); //! misaligned [0,0,0] [1,0,0]
    y[threadIdx.x] = v.x * v.x + v.y * v.y + v.z * v.z + v.w * v.w; //? misaligned
}

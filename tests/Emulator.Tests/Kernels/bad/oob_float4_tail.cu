// run: --kernel twice --grid 1 --block 32 --arg tensor:x --arg i32:25
// tensor: x f32 98 ramp
__global__ void twice(float* x, int n4)
{
    int i = threadIdx.x;
    if (i >= n4) return;
    float4* p = reinterpret_cast<float4*>(x);
    float4 v = p[i]; //! out-of-bounds [0,0,0] [24,0,0]
    v.x *= 2; v.y *= 2; v.z *= 2; v.w *= 2;
    p[i] = v; //! out-of-bounds [0,0,0] [24,0,0]
}

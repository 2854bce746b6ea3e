// run: --kernel put --grid 1 --block 8 --arg zeros:y:f32:20
__global__ void put(float* y)
{
    reinterpret_cast<float2*>(y + 3)[threadIdx.x] = make_float2(1.0f, 2.0f); //! misaligned [0,0,0] [0,0,0]
}

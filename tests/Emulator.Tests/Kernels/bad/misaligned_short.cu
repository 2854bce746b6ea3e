// run: --kernel k --grid 1 --block 8 --arg tensor:x --arg zeros:y:i32:8
// tensor: x u8 40 ramp
__global__ void k(const unsigned char* x, int* y)
{
    y[threadIdx.x] = *reinterpret_cast<const short*>(x + threadIdx.x); //! misaligned [0,0,0] [1,0,0]
}

// run: --kernel flags --grid 1 --block 64 --arg tensor:x --arg zeros:y:u8:64
// tensor: x u8 64 mod7
__global__ void flags(const unsigned char* x, unsigned char* y)
{
    __shared__ unsigned char f[64];
    f[threadIdx.x] = x[threadIdx.x]; //! race [0,0,0]
    y[threadIdx.x] = f[threadIdx.x ^ 33]; //! race [0,0,0]
}

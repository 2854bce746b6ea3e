// run: --kernel pun --grid 1 --block 32 --arg tensor:x --arg zeros:y:u32:32
// tensor: x f32 32 ones
// value: y 0 = 1065353216
union Pun { float f; unsigned u; unsigned char b[4]; };
__global__ void pun(const float* x, unsigned* y)
{
    __shared__ Pun p[32];
    p[threadIdx.x].f = x[threadIdx.x];
    __syncthreads();
    unsigned u = p[31 - threadIdx.x].u;
    unsigned char top = p[threadIdx.x].b[3];
    y[threadIdx.x] = top == 0x3f ? u : 0;
}

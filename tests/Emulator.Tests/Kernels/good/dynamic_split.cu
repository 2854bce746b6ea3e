// run: --kernel split --grid 1 --block 32 --shared 512 --arg tensor:x --arg zeros:y:f64:32
// tensor: x f64 32 ramp
// value: y 31 = 62
__global__ void split(const double* x, double* y)
{
    extern __shared__ __align__(16) unsigned char smem[];
    double* d = (double*)smem;
    int* idx = (int*)&d[blockDim.x];
    short* tag = (short*)&idx[blockDim.x];
    int t = threadIdx.x;
    d[t] = x[t]; idx[t] = 31 - t; tag[t] = t;
    __syncthreads();
    y[t] = d[idx[idx[t]]] + tag[31 - idx[t]];
}

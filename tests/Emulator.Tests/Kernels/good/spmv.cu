// run: --kernel spmv --grid 1 --block 32 --arg tensor:rows --arg tensor:cols --arg tensor:vals --arg tensor:x --arg zeros:y:f32:32 --arg i32:32
// tensor: rows i32 33 triangle
// tensor: cols i32 528 mod32
// tensor: vals f32 528 ones
// tensor: x f32 32 ones
// value: y 31 = 32
// counter: global_bytes_written = 128
__global__ void spmv(const int* rows, const int* cols, const float* vals, const float* x, float* y, int n)
{
    int r = blockIdx.x * blockDim.x + threadIdx.x;
    if (r < n)
    {
        float sum = 0;
        for (int j = rows[r]; j < rows[r + 1]; j++) sum += vals[j] * x[cols[j]];
        y[r] = sum;
    }
}

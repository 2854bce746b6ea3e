// run: --kernel conv --grid 4 --block 32 --arg tensor:N --arg zeros:P:f32:128 --arg i32:128
// tensor: N f32 128 ones
// value: P 10 = 5
#define MAX_MASK_WIDTH 5
#define TILE_SIZE 32
__constant__ float M[MAX_MASK_WIDTH] = {1, 1, 1, 1, 1};
__global__ void conv(float *N, float *P, int Width) {
    const int Mask_Width = MAX_MASK_WIDTH;
    int i = blockIdx.x*blockDim.x + threadIdx.x;
    __shared__ float N_ds[TILE_SIZE + MAX_MASK_WIDTH - 1];
    int n = Mask_Width/2;
    int halo_index_left = (blockIdx.x - 1)*blockDim.x + threadIdx.x;
    if (threadIdx.x >= blockDim.x - n) N_ds[threadIdx.x - (blockDim.x - n)] = (halo_index_left < 0) ? 0 : N[halo_index_left];
    N_ds[n + threadIdx.x] = N[blockIdx.x*blockDim.x + threadIdx.x];
    int halo_index_right = (blockIdx.x + 1)*blockDim.x + threadIdx.x;
    if (threadIdx.x < n) N_ds[n + blockDim.x + threadIdx.x] = (halo_index_right >= Width) ? 0 : N[halo_index_right];
    __syncthreads();
    float Pvalue = 0;
    for (int j = 0; j < Mask_Width; j++) Pvalue += N_ds[threadIdx.x + j]*M[j];
    P[i] = Pvalue;
}

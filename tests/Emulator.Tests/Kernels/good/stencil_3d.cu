// run: --kernel laplace --grid 2,2,2 --block 4,4,4 --arg tensor:u --arg zeros:v:f32:8,8,8 --arg i32:8
// tensor: u f32 8,8,8 ramp
// value: v 73 = 0
__global__ void laplace(const float* u, float* v, int n)
{
    int x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y * blockDim.y + threadIdx.y, z = blockIdx.z * blockDim.z + threadIdx.z;
    if (x == 0 || y == 0 || z == 0 || x == n - 1 || y == n - 1 || z == n - 1) return;
    int i = (z * n + y) * n + x;
    v[i] = u[i - 1] + u[i + 1] + u[i - n] + u[i + n] + u[i - n * n] + u[i + n * n] - 6 * u[i];
}

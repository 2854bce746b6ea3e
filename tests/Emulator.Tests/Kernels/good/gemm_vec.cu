// run: --kernel gemmv --grid 1,1 --block 64 --arg tensor:A --arg tensor:B --arg zeros:C:f32:32,32 --arg i32:32
// tensor: A f32 32,32 ones
// tensor: B f32 32,32 ramp
// value: C 0 = 15872
__global__ void gemmv(float* A, float* B, float* C, int n)
{
    __shared__ float As[8][32], Bs[8][32];
    int t = threadIdx.x;
    float acc[4][4] = {};
    for (int k0 = 0; k0 < n; k0 += 8)
    {
        float4 a = reinterpret_cast<float4*>(&A[(t / 2) * n + k0 + (t % 2) * 4])[0];
        int r = t / 2, c = (t % 2) * 4;
        As[c + 0][r] = a.x; As[c + 1][r] = a.y; As[c + 2][r] = a.z; As[c + 3][r] = a.w;
        reinterpret_cast<float4*>(&Bs[t / 8][(t % 8) * 4])[0] = reinterpret_cast<float4*>(&B[(k0 + t / 8) * n + (t % 8) * 4])[0];
        __syncthreads();
        for (int k = 0; k < 8; k++)
            for (int i = 0; i < 4; i++)
                for (int j = 0; j < 4; j++) acc[i][j] += As[k][(t / 8) * 4 + i] * Bs[k][(t % 8) * 4 + j];
        __syncthreads();
    }
    for (int i = 0; i < 4; i++)
    {
        float4 v; v.x = acc[i][0]; v.y = acc[i][1]; v.z = acc[i][2]; v.w = acc[i][3];
        *reinterpret_cast<float4*>(&C[((t / 8) * 4 + i) * n + (t % 8) * 4]) = v;
    }
}

// run: --kernel k --grid 1 --block 64 --arg zeros:y:f32:64
struct P { float a; int b; };
__global__ void k(float* y)
{
    __shared__ P p[64];
    int t = threadIdx.x;
    p[t].a = t; //! race
    p[63 - t].b = t;
    y[t] = p[t].a + p[(t + 40) % 64].a; //! race
}

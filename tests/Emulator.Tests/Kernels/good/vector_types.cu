// run: --kernel v --grid 1 --block 16 --arg tensor:a --arg zeros:b:i32:64 --arg zeros:c:f64:32
// tensor: a i32 64 ramp
// value: b 63 = 126
// value: c 31 = 31
__global__ void v(const int4* a, int4* b, double2* c)
{
    __shared__ int4 s[16];
    __shared__ double2 d[16];
    int t = threadIdx.x;
    s[t] = a[t];
    d[t] = make_double2(2.0 * t, 2.0 * t + 1);
    __syncthreads();
    int4 q = s[t];
    b[t] = make_int4(q.x * 2, q.y * 2, q.z * 2, q.w * 2);
    c[t].x = d[t].x;
    c[t].y = d[t].y;
}

// run: --kernel pack --grid 1 --block 64 --arg tensor:in --arg zeros:out:i64:64
// tensor: in i16 64 ramp
// value: out 5 = 63
__global__ void pack(const short* in, long long* out)
{
    __shared__ char c[64];
    __shared__ bool odd[64];
    __shared__ short s[64];
    int t = threadIdx.x;
    c[t] = (char)in[t];
    odd[t] = in[t] & 1;
    s[63 - t] = in[t];
    __syncthreads();
    out[t] = odd[t] ? (long long)c[t] + s[t] : -1;
}

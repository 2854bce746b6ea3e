// run: --kernel best --grid 1 --block 64 --arg tensor:x --arg zeros:index:i32:1
// tensor: x f32 64 mod7
// value: index 0 = 6
struct Candidate { float value; int index; char tag; };

__device__ Candidate better(Candidate a, Candidate b) { return a.value > b.value || (a.value == b.value && a.index < b.index) ? a : b; }

__global__ void best(const float* x, int* index)
{
    __shared__ Candidate s[64];
    int t = threadIdx.x;
    s[t].value = x[t];
    s[t].index = t;
    s[t].tag = 'a';
    __syncthreads();
    for (int h = 32; h > 0; h >>= 1)
    {
        if (t < h) s[t] = better(s[t], s[t + h]);
        __syncthreads();
    }
    if (t == 0) *index = s[0].index;
}

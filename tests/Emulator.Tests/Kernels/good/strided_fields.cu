// run: --kernel xs --grid 1 --block 32 --arg tensor:in --arg zeros:out:f32:32
// tensor: in f32 128 ramp
// value: out 31 = 124
// counter: global_sectors = 20
// counter: ideal_global_sectors = 8
struct Particle { float x, y, z, mass; };

__global__ void xs(const Particle* in, float* out) { out[threadIdx.x] = in[threadIdx.x].x; }

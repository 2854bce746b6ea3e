// run: --kernel move --grid 1 --block 32 --arg tensor:in --arg zeros:out:f32:96
// tensor: in f32 96 ramp
// value: out 95 = 96
// counter: global_bytes_read = 384
// counter: global_bytes_written = 384
struct Point { float x, y, z; };

__global__ void move(const Point* in, Point* out)
{
    Point p = in[threadIdx.x];
    p.x += 1; p.y += 1; p.z += 1;
    out[threadIdx.x] = p;
}

#include "columns.cuh"
#include "copies.cuh"

// patch_embedding_unfold: columns[b, n, (c, y, x)] = the pixels of each patch, row-major over the grid; with CLS, row 0 of every image is zero.
// Twin of PatchEmbedding.Cpu.cs.
//   operator patch_embedding
//   shapes   image [b,c,h,w]; columns [b,n,c,p,p], bytes in all; n = cls + h/p * w/p; w and run in units of UNIT bytes (macro: 16, 8, 4 or 2), run = p
//   launch   grid ceil(bytes/16384); block 256; shared 0
//   reads    bytes/n*(n-cls)
//   writes   bytes
//   bound    memory
//   why      flat over the columns: stores are contiguous, a patch's row is one run of the image; 64 bytes in flight a thread
extern "C" __global__ void __launch_bounds__(TILE_THREADS) patch_embedding_unfold(
    const unit* image, unit* columns, long long bytes, long long c, long long h, long long w, long long p, long long run, long long n, int cls)
{
    long long count = bytes / UNIT, first = blockIdx.x * (long long)(TILE_THREADS * COPY_UNITS) + threadIdx.x;
    place across = (place)w / (place)run;
    unit value[COPY_UNITS];
#pragma unroll
    for (int k = 0; k < COPY_UNITS; k++)
    {
        place i = (place)(first + k * TILE_THREADS), rest = i / (place)run, x = i - rest * (place)run;
        place y = rest % (place)p, channel = rest / (place)p % (place)c, patch = rest / (place)p / (place)c;
        place batch = patch / (place)n, token = patch - batch * (place)n, line = (token - cls) / across, j = token - cls - line * across;
        value[k] = no_unit();
        if (first + k * TILE_THREADS < count && token >= (place)cls)
        {
            value[k] = load_unit(image + ((batch * (place)c + channel) * (place)h + line * (place)p + y) * (place)w + j * (place)run + x);
        }
    }

#pragma unroll
    for (int k = 0; k < COPY_UNITS; k++)
    {
        if (first + k * TILE_THREADS < count) store_unit(columns + first + k * TILE_THREADS, value[k]);
    }
}

// patch_embedding_fold: the way back, image from columns. Twin of PatchEmbedding.Cpu.cs.
//   operator patch_embedding
//   shapes   columns [b,n,c,p,p]; image [b,c,h,w], bytes in all; otherwise as unfold
//   launch   grid ceil(bytes/16384); block 256; shared 0
//   reads    bytes
//   writes   bytes
//   bound    memory
//   why      flat over the image: patches do not overlap, so each pixel comes from one place
extern "C" __global__ void __launch_bounds__(TILE_THREADS) patch_embedding_fold(
    const unit* columns, unit* image, long long bytes, long long c, long long h, long long w, long long p, long long run, long long n, int cls)
{
    copy_tile(columns, image, bytes, [=](place i)
    {
        place line = i / (place)w, column = i - line * (place)w, j = column / (place)run, x = column - j * (place)run;
        place plane = line / (place)h, row = line - plane * (place)h, y = row % (place)p, batch = plane / (place)c, channel = plane % (place)c;
        place token = cls + row / (place)p * ((place)w / (place)run) + j;
        return (((batch * (place)n + token) * (place)c + channel) * (place)p + y) * (place)run + x;
    }, [=](place i) { return i; });
}

constexpr int FINISH_IMAGES = 8;      // of a thread

// patch_embedding_finish: y += bias, the CLS row = the token, and position embeddings added to all; y holds columns * weight^T. Twin of
// PatchEmbedding.Cpu.cs.
//   operator patch_embedding
//   shapes   bias [d]; cls [d] or null; positions [n,d] or null; y [b,n,d], in place; wide = elements of a pack where they divide d, else 1
//   launch   grid ceil(n*d/wide/256),ceil(b/8); block 256; shared 0
//   reads    S*b*(n - (cls ? 1 : 0))*d + S*n*d*ceil(b/8)*(positions ? 2 : 1)
//   writes   S*b*n*d
//   bound    memory
//   why      a thread keeps one place's bias and position for eight images, whose loads are all under way together
extern "C" __global__ void __launch_bounds__(256) patch_embedding_finish(
    const scalar* bias, const scalar* cls, const scalar* positions, scalar* y, long long b, long long n, long long d, int wide)
{
    long long at = (blockIdx.x * 256LL + threadIdx.x) * wide;
    if (at >= n * d) return;
    bool token = cls && at < d;
    const scalar* base = token ? cls + at : bias + at % d;
    scalar* images = y + at + blockIdx.y * (FINISH_IMAGES * n * d);
    int count = (int)min(b - blockIdx.y * (long long)FINISH_IMAGES, (long long)FINISH_IMAGES);
    if (wide == PACK)
    {
        pack added = load_pack(base), value[FINISH_IMAGES];
        if (positions)
        {
            pack position = load_pack(positions + at);
#pragma unroll
            for (int j = 0; j < PACK; j++) added.at[j] += position.at[j];
        }

#pragma unroll
        for (int k = 0; k < FINISH_IMAGES; k++)
        {
            if (k < count && !token) value[k] = load_pack(images + k * n * d);
        }

#pragma unroll
        for (int k = 0; k < FINISH_IMAGES; k++)
        {
            if (k >= count) break;
#pragma unroll
            for (int j = 0; j < PACK; j++) value[k].at[j] = token ? added.at[j] : value[k].at[j] + added.at[j];
            store_pack(images + k * n * d, value[k]);
        }
    }
    else
    {
        accum added = to_accum(base[0]) + (positions ? to_accum(positions[at]) : accum(0));
        for (int k = 0; k < count; k++) images[k * n * d] = to_scalar(token ? added : to_accum(images[k * n * d]) + added);
    }
}

// patch_embedding_backward_vectors: dbias = the sum of dpositions over the patches, dcls = its first row. Twin of PatchEmbedding.Cpu.cs.
//   operator patch_embedding
//   shapes   dpositions [n,d]: dy summed over the batch; dcls, dbias [d] or null; first = 1 with CLS, else 0
//   launch   grid ceil(S*d/512); block 32x8; shared 0
//   reads    (dbias ? S*(n-first)*d : 0) + (dcls ? S*d : 0)
//   writes   (dbias ? S*d : 0) + (dcls ? S*d : 0)
//   bound    memory
//   why      few bytes, one launch
extern "C" __global__ void __launch_bounds__(256) patch_embedding_backward_vectors(
    const scalar* dpositions, scalar* dcls, scalar* dbias, long long first, long long n, long long d)
{
    if (dcls)
    {
        constexpr int COLUMNS = 32 * PACK;
        for (int c = threadIdx.y * 32 + threadIdx.x; c < COLUMNS; c += 256)
        {
            long long column = blockIdx.x * (long long)COLUMNS + c;
            if (column < d) dcls[column] = dpositions[column];
        }
    }

    if (!dbias) return;
    sum_columns(dpositions, blockIdx.x, (place)first, (place)n, d, d % PACK == 0, [=](place r) { return r * (place)d; }, [=](long long c, accum sum)
    {
        dbias[c] = to_scalar(sum);
    });
}

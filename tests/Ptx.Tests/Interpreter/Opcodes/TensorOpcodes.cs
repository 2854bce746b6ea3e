namespace Ptx.Tests.Interpreter;

/// <summary>Tensor-core instructions: mma.sync m16n8k16 on bf16, and ldmatrix. Fragment layouts are those of the PTX ISA, chapter on
/// warp-level matrix instructions; g = lane / 4, q = lane % 4.</summary>
public static class TensorOpcodes
{
    public static void Add()
    {
        Opcodes.Add("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32", Multiply);
        Opcodes.Add("ldmatrix.sync.aligned.m8n8.{x1,x2,x4}[.trans].shared[::cta].b16", LoadMatrix);
    }

    private static int[] Registers(Site site, int k, int count, PtxType type, bool output)
    {
        var parts = site.Vector(k, count);
        return [.. parts.Select(o => output ? site.Out(o, type) : site.In(o, type))];
    }

    // D[16,8] = A[16,16] B[16,8] + C[16,8].
    private static Action<Warp> Multiply(Site site)
    {
        site.Count(4);
        int[] d = Registers(site, 0, 4, PtxType.F32, output: true), a = Registers(site, 1, 4, PtxType.B32, output: false);
        int[] b = Registers(site, 2, 2, PtxType.B32, output: false), c = Registers(site, 3, 4, PtxType.F32, output: false);
        site.Instruction.Members = static (_, _) => uint.MaxValue;
        return warp =>
        {
            ulong[] r = warp.Registers;
            Span<float> left = stackalloc float[16 * 16], right = stackalloc float[16 * 8], sum = stackalloc float[16 * 8];
            for (int lane = 0; lane < 32; lane++)
            {
                int g = lane >> 2, q = lane & 3;
                for (int i = 0; i < 4; i++)
                {
                    ulong pair = r[a[i] + lane];
                    int at = ((g + (8 * (i & 1))) * 16) + (2 * q) + (8 * (i >> 1));
                    left[at] = ConversionOpcodes.FromBfloat16(pair);
                    left[at + 1] = ConversionOpcodes.FromBfloat16(pair >> 16);
                    sum[((g + (8 * (i >> 1))) * 8) + (2 * q) + (i & 1)] = FloatOpcodes.F32(r[c[i] + lane]);
                }
                for (int i = 0; i < 2; i++)
                {
                    ulong pair = r[b[i] + lane];
                    int k = (2 * q) + (8 * i);
                    right[(k * 8) + g] = ConversionOpcodes.FromBfloat16(pair);
                    right[((k + 1) * 8) + g] = ConversionOpcodes.FromBfloat16(pair >> 16);
                }
            }
            for (int row = 0; row < 16; row++)
            {
                for (int column = 0; column < 8; column++)
                {
                    double total = sum[(row * 8) + column];
                    for (int k = 0; k < 16; k++) total += (double)left[(row * 16) + k] * right[(k * 8) + column];
                    sum[(row * 8) + column] = (float)total;
                }
            }
            for (int lane = 0; lane < 32; lane++)
            {
                int g = lane >> 2, q = lane & 3;
                for (int i = 0; i < 4; i++) r[d[i] + lane] = FloatOpcodes.Bits(sum[((g + (8 * (i >> 1))) * 8) + (2 * q) + (i & 1)]);
            }
        };
    }

    // Matrix j of 8x8 16-bit elements: lane 8j + i gives the address of its row i; register j of a lane gets row g, columns 2q and 2q + 1,
    // or with .trans rows 2q and 2q + 1 of column g.
    private static Action<Warp> LoadMatrix(Site site)
    {
        site.Count(2);
        int count = site.Has("x4") ? 4 : site.Has("x2") ? 2 : 1;
        bool transposed = site.Has("trans");
        int[] d = Registers(site, 0, count, PtxType.B32, output: true);
        (int address, ulong offset) = site.Address(1, Space.Shared);
        site.Instruction.Members = static (_, _) => uint.MaxValue;
        return warp =>
        {
            ulong[] r = warp.Registers;
            Span<ulong> rows = stackalloc ulong[32];
            for (int lane = 0; lane < 8 * count; lane++)
            {
                rows[lane] = r[address + lane] + offset;
                warp.Lane = lane;
                Memory.CheckAlignment(rows[lane], 16);
            }
            for (int lane = 0; lane < 32; lane++)
            {
                int g = lane >> 2, q = lane & 3;
                for (int j = 0; j < count; j++)
                {
                    ulong low = Element(warp, rows, j, transposed ? 2 * q : g, transposed ? g : 2 * q);
                    ulong high = Element(warp, rows, j, transposed ? (2 * q) + 1 : g, transposed ? g : (2 * q) + 1);
                    r[d[j] + lane] = low | high << 16;
                }
            }
        };
    }

    private static ulong Element(Warp warp, Span<ulong> rows, int matrix, int row, int column)
    {
        warp.Lane = (8 * matrix) + row;
        return Memory.Load(warp, Space.Shared, rows[(8 * matrix) + row] + (ulong)(2 * column), 2);
    }
}

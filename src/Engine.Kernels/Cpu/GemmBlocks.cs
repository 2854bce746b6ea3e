using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Engine.Kernels;

/// <summary>One matrix product cut into panels, tiles and tasks.</summary>
/// <remarks>
/// k is cut into equal parts of at most <see cref="MaxDepth"/>. For each part: 1. the operands that do not lie well in memory are
/// packed into panels; 2. tasks of several tiles each run the micro-kernel, which adds one term of the sum at a time in the order of k,
/// whatever the size of its tile. The cuts of m and n may therefore follow speed alone; the cut of k depends on k alone.
/// </remarks>
internal unsafe struct GemmBlocks<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public T* A, B, C;
    public nint M, N, K, RowA, StepA, ColumnB, StepB, Ldc;
    public bool Accumulate;
    public GemmEpilogue<T> Epilogue;

    private const int MaxDepth = 768;
    private const int MaxTile = 12 * 32;
    private const long SerialWork = 1 << 20;    // multiplications that are not worth a second thread: about 12 us
    private const long PackedPerChunk = 1 << 15;

    private nint[] _kernels;
    private nint _lanes, _panelsM, _panelsN, _taskM, _taskN, _tasksM;
    private nint _start, _depth;
    private bool _packA, _packB, _last;
    private T* _packedA, _packedB;

    /// <summary>Computes the product with vectors of <paramref name="bits"/> bits; without a device on this thread alone.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run(CpuDevice? cpu, int bits, NativeScratch scratch)
    {
        _kernels = bits switch { 512 => GemmKernels512<T>.Table, 256 => GemmKernels256<T>.Table, _ => GemmKernels128<T>.Table };
        nint maxRows = bits == 512 ? GemmKernels512<T>.MaxRows : bits == 256 ? GemmKernels256<T>.MaxRows : GemmKernels128<T>.MaxRows;
        _lanes = bits / 8 / sizeof(T);
        _panelsM = Ceil(M, maxRows);
        _panelsN = Ceil(N, 2 * _lanes);
        nint parts = Math.Max(1, Ceil(K, MaxDepth));
        nint depth = Ceil(K, parts);
        _packA = PackA();
        _packB = ColumnB != 1 || M > 2 * maxRows;
        nint bytesA = _packA ? Align(M * depth) : 0;
        nint bytesB = Align(Ceil(N, _lanes) * _lanes * depth);
        _packedA = (T*)scratch.Reserve(bytesA + bytesB);
        _packedB = (T*)((byte*)_packedA + bytesA);
        if (cpu is { Plans: true })
        {
            return;
        }

        ChooseTasks((long)M * N * depth);
        // Packing an element costs as much as some 16 multiplications.
        if (((long)M * N + (_packA ? 16 * M : 0) + (_packB ? 16 * N : 0)) * depth < SerialWork)
        {
            cpu = null;
        }
        for (nint part = 0; part < parts; part++)
        {
            _start = part * depth;
            _depth = Math.Min(depth, K - _start);
            _last = part == parts - 1;
            Phase(cpu, _panelsN, PackedPerChunk / Math.Max(1, 2 * _lanes * _depth),
                static (in GemmBlocks<T> g, long begin, long end) => g.PackPanelsB((nint)begin, (nint)end));
            if (_packA)
            {
                Phase(cpu, _panelsM, PackedPerChunk / Math.Max(1, maxRows * _depth),
                    static (in GemmBlocks<T> g, long begin, long end) => g.PackPanelsA((nint)begin, (nint)end));
            }
            Phase(cpu, _tasksM * Ceil(_panelsN, _taskN), 1, static (in GemmBlocks<T> g, long begin, long end) => g.Multiply((nint)begin));
            Accumulate = true;
        }
    }

    private readonly void Phase(CpuDevice? cpu, nint count, long grain, RangeBody<GemmBlocks<T>> body)
    {
        if (cpu is null)
        {
            ThreadTeam.RunInline(count, Math.Max(1, grain), in this, body);
        }
        else
        {
            cpu.For(count, Math.Max(1, grain), in this, body);
        }
    }

    private static nint Ceil(nint x, nint y) => (x + y - 1) / y;

    private static nint Align(nint elements) => (elements * sizeof(T) + 63) / 64 * 64;

    private readonly bool PackA() => (StepA != 1 && N > 2 * _lanes) || (RowA * sizeof(T) % 4096 == 0 && N > 4 * _lanes);

    /// <summary>Large tasks reuse their panels, small ones keep all threads busy to the end: about 16, none too small to send out.</summary>
    private void ChooseTasks(long work)
    {
        (_taskM, _taskN) = (8, 8);
        nint wanted = (nint)Math.Min(16, work / (SerialWork / 2));
        while (Ceil(_panelsM, _taskM) * Ceil(_panelsN, _taskN) < wanted && (_taskM > 1 || _taskN > 1))
        {
            if (Math.Min(_taskM, _panelsM) >= 2 * Math.Min(_taskN, _panelsN))
            {
                _taskM = Ceil(_taskM, 2);
            }
            else
            {
                _taskN = Ceil(_taskN, 2);
            }
        }
        _tasksM = Ceil(_panelsM, _taskM);
    }

    // Rows are dealt out evenly: 13 rows are 7 + 6, since a kernel of 1 row takes as long as one of 4.
    private readonly nint PanelRow(nint panel) => panel * (M / _panelsM) + Math.Min(panel, M % _panelsM);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void PackPanelsA(nint begin, nint end)
    {
        for (nint i = begin; i < end; i++)
        {
            nint row = PanelRow(i), rows = PanelRow(i + 1) - row;
            GemmPacking.Panel(A + row * RowA + _start * StepA, RowA, StepA, rows, rows, _depth, _packedA + row * _depth);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void PackPanelsB(nint begin, nint end)
    {
        for (nint j = begin; j < end; j++)
        {
            nint column = 2 * j * _lanes, width = Width(j);
            if (_packB || width % _lanes != 0)
            {
                GemmPacking.Panel(B + column * ColumnB + _start * StepB, ColumnB, StepB, width, Ceil(width, _lanes) * _lanes, _depth,
                    _packedB + column * _depth);
            }
        }
    }

    private readonly nint Width(nint panelN) => Math.Min(2 * _lanes, N - 2 * panelN * _lanes);

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void Multiply(nint task)
    {
        T* tile = stackalloc T[MaxTile];
        nint firstM = task % _tasksM * _taskM, endM = Math.Min(firstM + _taskM, _panelsM);
        nint firstN = task / _tasksM * _taskN, endN = Math.Min(firstN + _taskN, _panelsN);
        for (nint j = firstN; j < endN; j++)
        {
            nint column = 2 * j * _lanes, width = Width(j), vectors = Ceil(width, _lanes);
            bool whole = width == vectors * _lanes, packed = _packB || !whole;
            T* b = packed ? _packedB + column * _depth : B + column + _start * StepB;
            nint stepB = packed ? vectors * _lanes : StepB;
            for (nint i = firstM; i < endM; i++)
            {
                nint row = PanelRow(i), rows = PanelRow(i + 1) - row;
                T* a = _packA ? _packedA + row * _depth : A + row * RowA + _start * StepA;
                T* c = C + row * Ldc + column;
                var kernel = (delegate*<T*, nint, nint, T*, nint, nint, T*, nint, bool, void>)_kernels[2 * rows + vectors - 1];
                kernel(a, _packA ? 1 : RowA, _packA ? rows : StepA, b, stepB, _depth, whole ? c : tile, whole ? Ldc : 2 * _lanes,
                    whole && Accumulate);
                if (!whole)
                {
                    CopyTile(tile, c, rows, width);
                }
                if (_last && !Epilogue.IsEmpty)
                {
                    Epilogue.Apply(c, row * Ldc + column, column, Ldc, rows, width);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly void CopyTile(T* tile, T* c, nint rows, nint width)
    {
        for (nint i = 0; i < rows; i++, tile += 2 * _lanes, c += Ldc)
        {
            for (nint j = 0; j < width; j++)
            {
                c[j] = Accumulate ? tile[j] + c[j] : tile[j];
            }
        }
    }
}

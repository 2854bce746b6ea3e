using Engine.Tensors;

namespace Engine.Kernels;

/// <summary>A launch, as an observer sees it just before it is queued.</summary>
public readonly ref struct LaunchInfo
{
    /// <summary>The kernel.</summary>
    public required KernelKey Kernel { get; init; }

    /// <summary>What `scalar` is.</summary>
    public required DType DType { get; init; }

    /// <summary>Blocks.</summary>
    public required Dim3 Grid { get; init; }

    /// <summary>Threads of a block.</summary>
    public required Dim3 Block { get; init; }

    /// <summary>Dynamic shared memory of a block in bytes.</summary>
    public required int SharedBytes { get; init; }

    /// <summary>The arguments, in the kernel's order.</summary>
    public required ReadOnlySpan<Arg> Arguments { get; init; }

    /// <summary>Registers, static shared memory and limits.</summary>
    public required KernelResources Resources { get; init; }

    /// <summary>What the source declares; empty where it could not be read.</summary>
    public required ReadOnlySpan<KernelParameter> Parameters { get; init; }

    /// <summary>Values of the key's macros.</summary>
    public required (int V0, int V1) Macros { get; init; }
}

/// <summary>Watches launches: for `kernels explain` and for counting.</summary>
/// <param name="launch">valid during the call</param>
public delegate void LaunchObserver(in LaunchInfo launch);

public sealed unsafe partial class CudaDevice
{
    /// <summary>Kernels launched so far; those recorded into a graph count once, its replays do not.</summary>
    public long Launches { get; private set; }

    /// <summary>Called before each launch; null for none.</summary>
    public LaunchObserver? Observer { get; set; }

    /// <summary>Queues a kernel on the compute stream.</summary>
    /// <param name="kernel">which</param>
    /// <param name="dtype">what `scalar` is</param>
    /// <param name="grid">blocks; none along some axis: no launch</param>
    /// <param name="block">threads of a block</param>
    /// <param name="sharedBytes">dynamic shared memory of a block</param>
    /// <param name="args">in the kernel's order</param>
    /// <param name="v0">value of the key's first macro</param>
    /// <param name="v1">value of the key's second macro</param>
    /// <exception cref="DwarfException">the kernel does not compile, the launch is beyond the device's limits, or an earlier one
    /// failed</exception>
    public void Launch(KernelKey kernel, DType dtype, Dim3 grid, Dim3 block, int sharedBytes, ReadOnlySpan<Arg> args, int v0 = 0,
        int v1 = 0)
    {
        if (grid.Count == 0)
        {
            return;
        }
        var loaded = _kernels.Get(kernel, dtype, v0, v1);
        CheckArguments(kernel, loaded, dtype, args);
        CheckLimits(kernel, loaded, grid, block, sharedBytes);
        Observer?.Invoke(new LaunchInfo
        {
            Kernel = kernel,
            DType = dtype,
            Grid = grid,
            Block = block,
            SharedBytes = sharedBytes,
            Arguments = args,
            Resources = loaded.Resources,
            Parameters = loaded.Parameters,
            Macros = (v0, v1),
        });
        _context.MakeCurrent();
        ulong* values = stackalloc ulong[args.Length];
        void** addresses = stackalloc void*[args.Length];
        for (int i = 0; i < args.Length; i++)
        {
            values[i] = args[i].BitsFor(dtype);
            addresses[i] = values + i;
        }
        var status = CudaDriver.cuLaunchKernel(
            loaded.Function, grid.X, grid.Y, grid.Z, block.X, block.Y, block.Z, (uint)sharedBytes, _compute.Value, addresses, null);
        if (status != CUresult.CUDA_SUCCESS)
        {
            throw LaunchError(status, kernel, loaded, grid, block, sharedBytes);
        }
        _last = kernel.Name;
        Launches++;
    }

    private void CheckArguments(KernelKey kernel, LoadedKernel loaded, DType dtype, ReadOnlySpan<Arg> args)
    {
        if (loaded.Parameters is not { } parameters)
        {
            return;
        }
        if (args.Length != parameters.Length)
        {
            throw new DwarfException(kernel.Fault,
                $"{kernel.Name} on {FullName}: takes {parameters.Length} arguments, found {args.Length}");
        }
        for (int i = 0; i < args.Length; i++)
        {
            if (!parameters[i].Takes(args[i], dtype))
            {
                throw new DwarfException(kernel.Fault,
                    $"{kernel.Name} on {FullName}: argument {i + 1} ({parameters[i].Name}) is {parameters[i].Type}, "
                    + $"found {args[i]}");
            }
        }
    }

    private void CheckLimits(KernelKey kernel, LoadedKernel loaded, Dim3 grid, Dim3 block, int sharedBytes)
    {
        var p = Properties;
        if (block.Count > (uint)Math.Min(p.BlockThreads, loaded.Resources.BlockThreads) || block.Count == 0
            || block.X > p.Block.X || block.Y > p.Block.Y || block.Z > p.Block.Z
            || grid.X > p.Grid.X || grid.Y > p.Grid.Y || grid.Z > p.Grid.Z
            || sharedBytes < 0 || (long)sharedBytes + loaded.Resources.StaticShared > p.SharedBytesOptIn)
        {
            throw LaunchError(CUresult.CUDA_ERROR_INVALID_VALUE, kernel, loaded, grid, block, sharedBytes);
        }
        if (sharedBytes > loaded.AllowedShared && sharedBytes + loaded.Resources.StaticShared > p.SharedBytes)
        {
            _context.MakeCurrent();
            var status = CudaDriver.cuFuncSetAttribute(loaded.Function, CUfunctionAttribute.MAX_DYNAMIC_SHARED_SIZE_BYTES, sharedBytes);
            if (status != CUresult.CUDA_SUCCESS)
            {
                throw LaunchError(status, kernel, loaded, grid, block, sharedBytes);
            }
            loaded.AllowedShared = sharedBytes;
        }
    }

    private DwarfException LaunchError(CUresult status, KernelKey kernel, LoadedKernel loaded, Dim3 grid, Dim3 block, int sharedBytes)
    {
        var p = Properties;
        string gridLimit = grid.X > p.Grid.X || grid.Y > p.Grid.Y || grid.Z > p.Grid.Z ? $" (limit {p.Grid.X}x{p.Grid.Y}x{p.Grid.Z})" : "";
        string blockLimit = block.Count > (uint)p.BlockThreads || block.Count == 0 ? $" (limit {p.BlockThreads})"
            : block.X > p.Block.X || block.Y > p.Block.Y || block.Z > p.Block.Z ? $" (limit {p.Block.X}x{p.Block.Y}x{p.Block.Z})"
            : block.Count > (uint)loaded.Resources.BlockThreads
                ? $" (limit {loaded.Resources.BlockThreads} with its {loaded.Resources.Registers} registers)"
            : "";
        long shared = (long)sharedBytes + loaded.Resources.StaticShared;
        string sharedLimit = shared > p.SharedBytesOptIn ? $" (limit {p.SharedBytesOptIn})" : "";
        string detail = status == CUresult.CUDA_ERROR_INVALID_VALUE ? "" : Detail(status);
        detail = detail.Length > 0 ? "; " + detail : "";
        return CudaErrors.Of(status, $"{kernel.Name} on {FullName}",
            $"grid {grid}{gridLimit}, block {block}{blockLimit}, shared {shared} B{sharedLimit}{detail}", kernel.IsUsers
                ? ErrorKind.Content : null);
    }
}

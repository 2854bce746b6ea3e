using Engine.Tensors;

namespace Engine.Kernels;

/// <summary>A CUDA device, real or emulated: kernels, memory, one stream for compute and one for copies.</summary>
public sealed unsafe partial class CudaDevice : Device
{
    private CudaDevice(string name) => Name = name;

    /// <inheritdoc/>
    public override string Name { get; }

    /// <inheritdoc/>
    public override MemorySpace? Memory => throw new DwarfException(ErrorKind.Unavailable, $"{Name}: this build cannot allocate yet");

    /// <summary>Opens a device.</summary>
    /// <param name="name">cuda, cuda:1 or emulated</param>
    /// <param name="threads">threads of the emulator; 0 = all cores</param>
    /// <returns>the device</returns>
    /// <exception cref="DwarfException">not available: the message says what is missing</exception>
    public static CudaDevice Open(string name, int threads = 0)
        => throw new DwarfException(ErrorKind.Unavailable, $"device {name} is not available: this build cannot open the driver yet");

    /// <summary>Queues a kernel on the compute stream.</summary>
    /// <param name="kernel">which</param>
    /// <param name="dtype">what `scalar` is</param>
    /// <param name="grid">blocks; none along some axis: no launch</param>
    /// <param name="block">threads of a block</param>
    /// <param name="sharedBytes">dynamic shared memory of a block</param>
    /// <param name="args">in the kernel's order</param>
    /// <param name="v0">value of the key's first macro</param>
    /// <param name="v1">value of the key's second macro</param>
    /// <exception cref="DwarfException">the kernel does not compile, the launch is beyond the device's limits, or an earlier one failed</exception>
    public void Launch(KernelKey kernel, DType dtype, Dim3 grid, Dim3 block, int sharedBytes, ReadOnlySpan<Arg> args, int v0 = 0, int v1 = 0)
        => throw new DwarfException(ErrorKind.Unavailable, $"{kernel.Name} on {Name}: this build cannot launch yet");

    /// <summary>Frees what the device holds.</summary>
    public override void Dispose() => GC.SuppressFinalize(this);
}

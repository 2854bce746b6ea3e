namespace Engine.Kernels;

/// <summary>What a compiled kernel takes of the device.</summary>
/// <param name="Registers">a thread; 0 where the device does not say (emulated)</param>
/// <param name="StaticShared">bytes of shared memory that every block has</param>
/// <param name="LocalBytes">bytes a thread has in memory beside its registers: spills and arrays</param>
/// <param name="BlockThreads">threads of a block, at most, with that many registers</param>
public readonly record struct KernelResources(int Registers, int StaticShared, int LocalBytes, int BlockThreads)
{
    internal static unsafe KernelResources Read(nint function, string kernel)
    {
        int Get(CUfunctionAttribute attribute)
        {
            int value = 0;
            CudaErrors.Check(CudaDriver.cuFuncGetAttribute(&value, attribute, function), kernel, $"reading attribute {attribute}");
            return value;
        }
        return new KernelResources(
            Get(CUfunctionAttribute.NUM_REGS),
            Get(CUfunctionAttribute.SHARED_SIZE_BYTES),
            Get(CUfunctionAttribute.LOCAL_SIZE_BYTES),
            Get(CUfunctionAttribute.MAX_THREADS_PER_BLOCK));
    }
}

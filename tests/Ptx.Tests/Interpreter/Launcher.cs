namespace Ptx.Tests.Interpreter;

/// <summary>Launches a kernel of a parsed module.</summary>
public static class Launcher
{
    private const long Instructions = 400_000_000;

    /// <summary>Shared memory that a block may ask for, in bytes, static and dynamic together: sm_80 and sm_90.</summary>
    private const int SharedLimit80 = 163 * 1024, SharedLimit90 = 227 * 1024;

    /// <summary>Runs all blocks, one after the other. `arguments` are raw values in the kernel's order: addresses, integers, bits of
    /// floats.
    /// `descending` takes blocks and warps in the opposite order; a right kernel gives the same bits. A launch of more warp `instructions`
    /// is taken for one that does not end.</summary>
    public static void Launch(Module module, string kernel, Size3 grid, Size3 block, int dynamicShared, ReadOnlySpan<ulong> arguments,
        GlobalMemory memory, bool descending = false, long instructions = Instructions)
    {
        if (!module.Entries.TryGetValue(kernel, out Entry? entry)) throw new PtxException($"{module.Path}: no kernel {kernel}");
        if (arguments.Length != entry.Parameters.Count)
        {
            throw new PtxException($"{module.Path}: {kernel} takes {entry.Parameters.Count} arguments, found {arguments.Length}");
        }
        if (block.Count is < 1 or > 1024 || block.Count > entry.MaxThreads)
        {
            throw new PtxException($"{module.Path}: {kernel}: {block.Count} threads a block, limit {Math.Min(1024, entry.MaxThreads)}");
        }
        int limit = module.Target == "sm_80" ? SharedLimit80 : SharedLimit90;
        int sharedBytes = entry.StaticShared + dynamicShared;
        if (sharedBytes > limit)
        {
            throw new PtxException($"{module.Path}: {kernel}: {sharedBytes} bytes of shared memory, limit {limit} on {module.Target}");
        }
        byte[] parameters = new byte[entry.ParameterBytes];
        for (int k = 0; k < arguments.Length; k++)
        {
            Parameter parameter = entry.Parameters[k];
            for (int b = 0; b < Math.Min(8, parameter.Bytes); b++) parameters[parameter.Offset + b] = (byte)(arguments[k] >> (8 * b));
        }
        foreach ((string name, (ulong address, byte[] bytes)) in module.Globals)
        {
            if (memory.Holds(address)) memory.Unmap(address);
            memory.Add(name, address, bytes);
        }
        memory.Begin();
        long count = grid.Count, budget = instructions;
        for (long k = 0; k < count; k++)
        {
            long number = descending ? count - 1 - k : k;
            var index = new Size3((uint)(number % grid.X), (uint)(number / grid.X % grid.Y), (uint)(number / ((long)grid.X * grid.Y)));
            var running = new Block(entry, memory, parameters, grid, block, index, dynamicShared, budget);
            running.Run(descending);
            budget = running.Budget;
        }
    }
}

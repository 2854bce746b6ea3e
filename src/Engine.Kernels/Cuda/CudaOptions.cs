namespace Engine.Kernels;

/// <summary>Where a device finds its kernels and keeps compiled ones.</summary>
public sealed record CudaOptions
{
    /// <summary>The .cu files; null: the folder kernels beside the program.</summary>
    public string? KernelFolder { get; init; }

    /// <summary>Compiled kernels; null: $DWARF_CACHE/kernels, or the system's place for caches.</summary>
    public string? CacheFolder { get; init; }

    /// <summary>Threads of the emulator; 0: all cores.</summary>
    public int Threads { get; init; }

    /// <summary>What the emulator watches from here on, in the whole process; of no meaning to a real device.</summary>
    public Instrumentation Instruments { get; init; }

    /// <summary>How many warp instructions of each source line the instruments keep with their addresses.</summary>
    public int Samples { get; init; }

    /// <summary>More options for the compiler.</summary>
    public IReadOnlyList<string> CompilerOptions { get; init; } = [];
}

using System.Globalization;

namespace Dwarf.Cli.Explain;

/// <summary>How many blocks of a launch one multiprocessor holds at once, as far as threads, shared memory and registers tell.</summary>
/// <remarks>Limits of compute capability 9.0 by the CUDA C++ programming guide's table of technical specifications.</remarks>
public static class Residency
{
    private const int Threads = 2048;
    private const int Blocks = 32;
    private const int SharedBytes = 228 * 1024;
    private const int SharedReserved = 1024;
    private const int Registers = 65536;
    private const int WarpRegisterUnit = 256;

    /// <summary>The estimate in words.</summary>
    /// <param name="threads">of a block</param>
    /// <param name="shared">bytes of shared memory of a block</param>
    /// <param name="registers">of a thread; null: not known, and not counted</param>
    /// <returns>warps and what limits them</returns>
    public static string Estimate(int threads, long shared, int? registers)
    {
        int warps = (threads + 31) / 32;
        (int Count, string By)[] limits =
        [
            (Blocks, "blocks"),
            (Threads / Math.Max(32, warps * 32), "threads"),
            ((int)(SharedBytes / (shared + SharedReserved)), "shared memory"),
            (registers is { } r and > 0 ? Registers / (warps * (((r * 32) + WarpRegisterUnit - 1) / WarpRegisterUnit * WarpRegisterUnit)) : int.MaxValue, "registers"),
        ];
        var (blocks, by) = limits.MinBy(l => l.Count);
        double share = (double)blocks * warps / (Threads / 32);
        string counted = registers is null ? ", registers not known" : "";
        return string.Create(CultureInfo.InvariantCulture, $"{blocks} blocks = {blocks * warps} of 64 warps ({share:P0}) a multiprocessor of sm_90, limited by {by}{counted}");
    }
}

using Engine.Kernels;

namespace Dwarf.Cli.Explain;

/// <summary>A counted launch beside what is known of its kernel.</summary>
/// <param name="Launch">the counters</param>
/// <param name="Source">text of the kernel's file, by line</param>
/// <param name="Case">what ran, in words</param>
/// <param name="Floor">bytes that the kernel's header says it reads and writes; null without a header</param>
/// <param name="Header">the header; null where the kernel has none</param>
/// <param name="Residency">how many blocks a multiprocessor holds, in words</param>
public sealed record Explained(
    LaunchReport Launch, IReadOnlyList<string> Source, string Case, (double Read, double Written)? Floor, KernelHeader? Header, string Residency)
{
    /// <summary>Global sectors moved over the least possible; 1 where none moved.</summary>
    public double SectorRatio => Ratio(Launch.Counters.GlobalSectors, Launch.Counters.IdealGlobalSectors);

    /// <summary>Passes of shared memory over the least possible; 1 where there was none.</summary>
    public double PassRatio => Ratio(Launch.Counters.SharedPasses, Launch.Counters.IdealSharedPasses);

    /// <summary>Bytes read over what the header says; null without a header.</summary>
    public double? ReadRatio => Floor is { } floor ? Over(Launch.Counters.GlobalBytesRead, floor.Read) : null;

    /// <summary>Bytes written over what the header says; null without a header.</summary>
    public double? WriteRatio => Floor is { } floor ? Over(Launch.Counters.GlobalBytesWritten, floor.Written) : null;

    /// <summary>One number over another; 1 where there is nothing.</summary>
    internal static double Ratio(long found, long least) => least == 0 ? 1 : (double)found / least;

    private static double Over(long found, double said) => said > 0 ? found / said : found == 0 ? 1 : double.PositiveInfinity;
}

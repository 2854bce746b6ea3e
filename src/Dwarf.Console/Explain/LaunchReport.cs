namespace Dwarf.Cli.Explain;

/// <summary>What the 32 lanes of one warp asked of memory in one instruction.</summary>
/// <param name="Line">of the source file</param>
/// <param name="Shared">shared memory; else global</param>
/// <param name="Store">whether it wrote</param>
/// <param name="Size">bytes a lane</param>
/// <param name="Addresses">one a lane, in bytes from the start of its allocation or of shared memory; -1: the lane did not take part</param>
public sealed record AccessSample(int Line, bool Shared, bool Store, int Size, IReadOnlyList<long> Addresses)
{
    /// <summary>Bytes of a sector, the least that global memory moves.</summary>
    public const int SectorBytes = 32;

    /// <summary>Banks of shared memory, each four bytes wide.</summary>
    public const int Banks = 32;

    /// <summary>Lanes that took part.</summary>
    public int Active => Addresses.Count(a => a >= 0);

    /// <summary>Numbers of the sectors touched, ascending.</summary>
    public IReadOnlyList<long> Sectors => [.. Touched(SectorBytes)];

    /// <summary>Sectors that the same bytes would fill side by side.</summary>
    public long IdealSectors => (Touched(1).LongCount() + SectorBytes - 1) / SectorBytes;

    /// <summary>The different words that each bank must deliver; the longest list is the number of passes.</summary>
    public IReadOnlyList<IReadOnlyList<long>> BankWords
    {
        get
        {
            var words = Touched(4).ToLookup(word => word % Banks);
            return [.. Enumerable.Range(0, Banks).Select(bank => (IReadOnlyList<long>)[.. words[bank]])];
        }
    }

    /// <summary>Passes that the same number of words would need without a conflict.</summary>
    public long IdealPasses => Math.Max(1, (Touched(4).LongCount() + Banks - 1) / Banks);

    private IEnumerable<long> Touched(int unit) => Addresses
        .Where(a => a >= 0)
        .SelectMany(a => Enumerable.Range(0, (int)(((a + Size - 1) / unit) - (a / unit)) + 1).Select(i => (a / unit) + i))
        .Distinct().Order();
}

/// <summary>What one source line did to memory in a launch.</summary>
/// <param name="Line">from 1</param>
/// <param name="BytesRead">global, by active lanes</param>
/// <param name="BytesWritten">global, by active lanes</param>
/// <param name="Sectors">global sectors moved</param>
/// <param name="IdealSectors">the least for the same bytes</param>
/// <param name="Passes">of shared memory</param>
/// <param name="IdealPasses">the least for the same words</param>
/// <param name="LaneOccupancy">mean share of active lanes</param>
public sealed record LineReport(
    int Line, long BytesRead, long BytesWritten, long Sectors, long IdealSectors, long Passes, long IdealPasses, double LaneOccupancy);

/// <summary>A kernel's launch, counted.</summary>
public sealed record LaunchReport
{
    /// <summary>Name of the kernel.</summary>
    public required string Kernel { get; init; }

    /// <summary>Its file.</summary>
    public required string File { get; init; }

    /// <summary>Text of the file, by line.</summary>
    public required IReadOnlyList<string> Source { get; init; }

    /// <summary>Blocks along x, y, z.</summary>
    public required string Grid { get; init; }

    /// <summary>Threads of a block along x, y, z.</summary>
    public required string Block { get; init; }

    /// <summary>Shared memory of a block in bytes.</summary>
    public long SharedBytes { get; init; }

    /// <summary>Global bytes that active lanes read.</summary>
    public long BytesRead { get; init; }

    /// <summary>Global bytes that active lanes wrote.</summary>
    public long BytesWritten { get; init; }

    /// <summary>What the kernel's header says it reads; null without a header.</summary>
    public long? FloorRead { get; init; }

    /// <summary>What the kernel's header says it writes; null without a header.</summary>
    public long? FloorWritten { get; init; }

    /// <summary>Global sectors moved.</summary>
    public long Sectors { get; init; }

    /// <summary>The least for the same bytes.</summary>
    public long IdealSectors { get; init; }

    /// <summary>Passes of shared memory.</summary>
    public long Passes { get; init; }

    /// <summary>The least for the same words.</summary>
    public long IdealPasses { get; init; }

    /// <summary>Barriers that blocks passed.</summary>
    public long Barriers { get; init; }

    /// <summary>Mean share of active lanes over memory instructions.</summary>
    public double LaneOccupancy { get; init; }

    /// <summary>What limits the blocks that a multiprocessor holds; null where nothing is known.</summary>
    public string? Occupancy { get; init; }

    /// <summary>Lines that touched memory.</summary>
    public IReadOnlyList<LineReport> Lines { get; init; } = [];

    /// <summary>The first warp instructions of each line.</summary>
    public IReadOnlyList<AccessSample> Samples { get; init; } = [];

    /// <summary>Sectors moved over the least possible; 1 where none moved.</summary>
    public double SectorRatio => IdealSectors == 0 ? 1 : (double)Sectors / IdealSectors;

    /// <summary>Passes of shared memory over the least possible; 1 where there was none.</summary>
    public double PassRatio => IdealPasses == 0 ? 1 : (double)Passes / IdealPasses;
}

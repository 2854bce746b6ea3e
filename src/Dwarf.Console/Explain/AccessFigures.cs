using Engine.Kernels;

namespace Dwarf.Cli.Explain;

/// <summary>What one warp instruction costs: the sectors and banks behind its lanes' addresses.</summary>
internal static class AccessFigures
{
    /// <summary>Bytes of a sector, the least that global memory moves.</summary>
    public const int SectorBytes = 32;

    /// <summary>Banks of shared memory, each four bytes wide.</summary>
    public const int Banks = 32;

    /// <summary>Whether it went to shared memory.</summary>
    public static bool IsShared(this AccessSample sample) => sample.Space == "shared";

    /// <summary>Lanes that took part.</summary>
    public static int Active(this AccessSample sample) => sample.Addresses.Count(a => a is not null);

    /// <summary>Numbers of the sectors touched, ascending.</summary>
    public static IReadOnlyList<long> Sectors(this AccessSample sample) => [.. sample.Touched(SectorBytes)];

    /// <summary>Sectors that the same bytes would fill side by side.</summary>
    public static long IdealSectors(this AccessSample sample) => (sample.Touched(1).LongCount() + SectorBytes - 1) / SectorBytes;

    /// <summary>The different words that each bank must deliver; the longest list is the number of passes.</summary>
    public static IReadOnlyList<IReadOnlyList<long>> BankWords(this AccessSample sample)
    {
        var words = sample.Touched(4).ToLookup(word => word % Banks);
        return [.. Enumerable.Range(0, Banks).Select(bank => (IReadOnlyList<long>)[.. words[bank]])];
    }

    /// <summary>Passes of shared memory.</summary>
    public static int Passes(this AccessSample sample) => Math.Max(1, sample.BankWords().Max(w => w.Count));

    /// <summary>Passes that the same number of words would need without a conflict.</summary>
    public static long IdealPasses(this AccessSample sample) => Math.Max(1, (sample.Touched(4).LongCount() + Banks - 1) / Banks);

    private static IEnumerable<long> Touched(this AccessSample sample, int unit) => sample.Addresses
        .OfType<long>()
        .SelectMany(a => Enumerable.Range(0, (int)(((a + sample.Bytes - 1) / unit) - (a / unit)) + 1).Select(i => (a / unit) + i))
        .Distinct().Order();
}

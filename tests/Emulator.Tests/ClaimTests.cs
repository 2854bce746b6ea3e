using Dwarf.Cli.Explain;
using Engine.Kernels;
using Xunit;

namespace Emulator.Tests;

/// <summary>What the kernels' headers claim, counted at ViT-B sizes: bytes, sectors, bank conflicts, and that lanes do not idle.</summary>
public sealed class ClaimTests : IDisposable
{
    private readonly Explainer _explainer = new(samples: 0);

    public void Dispose()
    {
        _explainer.Dispose();
        Instruments.Set(Instrumentation.None);
    }

    [Fact]
    public void Every_kernel_keeps_to_the_bytes_sectors_and_banks_of_its_header()
    {
        var launched = new HashSet<string>();
        var faults = new List<string>();
        foreach (var work in ExplainCases.All)
        {
            foreach (var launch in _explainer.Run(work))
            {
                launched.Add(launch.Launch.Kernel);
                faults.AddRange(Faults(launch).Select(f => $"{launch.Launch.Kernel} ({launch.Case}, grid {launch.Launch.Grid}): {f}"));
            }
        }

        faults.AddRange(_explainer.Headers.Where(h => !launched.Contains(h.Name)).Select(h => $"{h.Name}: no case launches it"));
        Assert.True(faults.Count == 0, string.Join('\n', faults.Distinct()));
    }

    private static IEnumerable<string> Faults(Explained launch)
    {
        if (launch.Header is not { } header)
        {
            yield return "has no header";
            yield break;
        }

        var counters = launch.Launch.Counters;
        if (!(launch.ReadRatio <= 1.05))
        {
            yield return FormattableString.Invariant($"reads {counters.GlobalBytesRead} bytes, its header says {launch.Floor!.Value.Read}");
        }

        if (!(launch.WriteRatio <= 1.05))
        {
            yield return FormattableString.Invariant($"writes {counters.GlobalBytesWritten} bytes, its header says {launch.Floor!.Value.Written}");
        }

        // A launch of a few sectors is all tail.
        if (counters.IdealGlobalSectors >= 256 && !(launch.SectorRatio <= 1.05) && !header.Fields.ContainsKey("sectors"))
        {
            yield return FormattableString.Invariant($"moves {launch.SectorRatio:F2} times the least sectors");
        }

        if (counters.IdealSharedPasses >= 64 && !(launch.PassRatio <= 1.05) && !header.Fields.ContainsKey("conflicts"))
        {
            yield return FormattableString.Invariant($"takes {launch.PassRatio:F2} times the least passes of shared memory");
        }

        if (counters.MemoryInstructions >= 256 && !(counters.LaneOccupancy >= 0.8) && !header.Fields.ContainsKey("divergence"))
        {
            yield return FormattableString.Invariant($"uses {counters.LaneOccupancy:P0} of its lanes");
        }
    }
}

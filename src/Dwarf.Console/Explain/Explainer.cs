using Engine.Kernels;
using Engine.Tensors;

namespace Dwarf.Cli.Explain;

/// <summary>Runs cases on an emulated device that counts, and puts what each launch did beside what its kernel's header says.</summary>
public sealed class Explainer : IDisposable
{
    private readonly Dictionary<string, KernelHeader> _headers = [];
    private readonly Dictionary<string, string[]> _sources = [];
    private readonly CudaDevice _gpu;

    /// <summary>Opens the device.</summary>
    /// <param name="samples">warp instructions of each line that are kept for pictures</param>
    /// <param name="threads">of the emulator; 0: all cores</param>
    /// <exception cref="DwarfException">no C++ compiler (unavailable), or a header with a fault (content)</exception>
    public Explainer(int samples, int threads = 0)
    {
        foreach (string file in KernelFiles.All())
        {
            _sources[Path.GetFileName(file)] = File.ReadAllLines(file);
            foreach (var header in KernelHeader.Read(file))
            {
                _headers[header.Name] = header;
            }
        }

        _gpu = CudaDevice.Open("emulated", new CudaOptions { Instruments = Instrumentation.Counting, Samples = samples, Threads = threads });
    }

    /// <summary>Every kernel's header.</summary>
    public IReadOnlyCollection<KernelHeader> Headers => _headers.Values;

    /// <summary>Runs a case.</summary>
    /// <param name="work">what to run</param>
    /// <returns>one entry a launch, in their order</returns>
    public IReadOnlyList<Explained> Run(ExplainCase work)
    {
        var seen = new List<(KernelHeader? Header, (double Read, double Written)? Floor, string Residency)>();
        _gpu.Observer = (in LaunchInfo launch) =>
        {
            var header = _headers.GetValueOrDefault(launch.Kernel.Name);
            int? registers = launch.Resources.Registers > 0 ? launch.Resources.Registers : null;
            string residency = Residency.Estimate((int)launch.Block.Count, launch.SharedBytes + launch.Resources.StaticShared, registers);
            seen.Add((header, header?.BytesOf(launch), residency));
        };
        Instruments.Clear();
        try
        {
            work.Run(_gpu);
            _gpu.Synchronize();
        }
        finally
        {
            _gpu.Observer = null;
        }

        var launches = Instruments.Read();
        Instruments.Clear();
        if (launches.Count != seen.Count)
        {
            throw new DwarfException(ErrorKind.Internal, $"{work.Name}: {seen.Count} launches were queued, {launches.Count} were counted");
        }

        return [.. launches.Zip(seen).Select(each => new Explained(
            each.First, _sources.GetValueOrDefault(Path.GetFileName(each.First.File), []), work.Name, each.Second.Floor, each.Second.Header, each.Second.Residency))];
    }

    /// <inheritdoc/>
    public void Dispose() => _gpu.Dispose();
}

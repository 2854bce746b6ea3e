using Engine.Tensors;

namespace Dwarf.Model.Weights;

/// <summary>A network as a file holds it, whoever wrote the file.</summary>
public sealed class StoredNetwork : IDisposable
{
    private StoredNetwork(DwarfNetwork network, WeightsInfo? info, Tensor? textFeatures)
        => (Network, Info, TextFeatures) = (network, info, textFeatures);

    /// <summary>The weights; f64 where the file stores any so, else f32.</summary>
    public DwarfNetwork Network { get; }

    /// <summary>What the file says about itself; null where another program wrote it.</summary>
    public WeightsInfo? Info { get; }

    /// <summary>The text features [findings,d] of the file's prompts; null where it holds none.</summary>
    public Tensor? TextFeatures { get; }

    /// <summary>Reads a file, strictly: whatever does not fit is an error.</summary>
    /// <param name="path">the file</param>
    /// <param name="heads">numbers of attention heads, for files that do not say; null: the published models'</param>
    /// <returns>the network</returns>
    /// <exception cref="DwarfException">not there (missing input), damaged or not a network's (content), heads that do not fit (usage)</exception>
    public static StoredNetwork Open(string path, HeadCounts? heads)
    {
        DType dtype;
        bool ours;
        using (var file = WeightArchive.Open(path))
        {
            dtype = file.Entries.Any(e => e.DType == DType.F64) ? DType.F64 : DType.F32;
            ours = WeightsFile.IsOurs(file);
        }

        if (ours && heads is not null)
        {
            throw new DwarfException(ErrorKind.Usage, $"{path}: says itself how many attention heads it has; leave the attributes out");
        }

        if (ours)
        {
            var (network, info, features) = WeightsFile.Load(path, dtype);
            return new StoredNetwork(network, info, features);
        }

        return new StoredNetwork(ReadShapes(path, heads ?? new HeadCounts(), dtype), null, null);
    }

    /// <inheritdoc/>
    public void Dispose() => Network.Dispose();

    private static DwarfNetwork ReadShapes(string path, HeadCounts heads, DType dtype)
    {
        using var file = WeightArchive.Open(path);
        var reader = new ShapeReader(path, file.Entries.ToDictionary(e => e.Name, e => e.Shape));
        var network = new DwarfNetwork(reader.Read(heads), reader.Findings(), dtype, seed: null);
        try
        {
            WeightLoader.Load(file, path, network.Layout);
            return network;
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }
}

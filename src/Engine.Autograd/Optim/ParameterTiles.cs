namespace Engine.Autograd.Optim;

/// <summary>All parameters of a store in pieces of at most 16,384 elements, so that one loop over them keeps every thread busy.</summary>
/// <remarks>The pieces depend on the store alone: sums over them, taken in order, are the same for any number of threads.</remarks>
internal sealed class ParameterTiles
{
    private const long Size = 16384;

    public ParameterTiles(ParameterStore store)
    {
        var tiles = new List<Tile>();
        for (int p = 0; p < store.Parameters.Count; p++)
        {
            for (long first = 0, count = store.Parameters[p].Shape.Count; first < count; first += Size)
            {
                tiles.Add(new Tile(p, first, Math.Min(Size, count - first)));
            }
        }

        All = [.. tiles];
    }

    public Tile[] All { get; }

    /// <summary>Elements [First, First + Count) of a parameter.</summary>
    internal readonly record struct Tile(int Parameter, long First, long Count);
}

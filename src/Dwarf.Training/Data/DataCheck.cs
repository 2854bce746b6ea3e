namespace Dwarf.Training.Data;

/// <summary>Looks at a whole data set and lists everything that training would refuse.</summary>
public static class DataCheck
{
    /// <summary>Reads every file of a data set.</summary>
    /// <param name="source">where and how</param>
    /// <returns>all faults in the order of labels, annotations, pictures; empty if the data set is fine</returns>
    public static IReadOnlyList<DataFault> Run(ChestSource source)
    {
        var faults = DataFaults.Collect();
        _ = new ChestLoader(source, faults).Load();
        return faults.All;
    }
}

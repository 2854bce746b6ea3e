using Dwarf.Training.Config;
using Dwarf.Training.Data;

namespace Dwarf.Training.Runs;

/// <summary>The data set that a configuration names.</summary>
public static class DataSource
{
    /// <summary>Reads or makes it.</summary>
    /// <param name="config">the run</param>
    /// <returns>images in memory</returns>
    public static ChestDataset Load(RunConfig config)
    {
        if (config.Data.Kind == DataKind.Phantom)
        {
            var phantom = config.Data.Phantom;
            return Phantom.Dataset(
                phantom.CountTrain, phantom.CountValidation, phantom.CountTest, config.Data.ImageSize, phantom.Seed, config.Findings);
        }

        return ChestDataset.Load(ChestSource.Of(config));
    }
}

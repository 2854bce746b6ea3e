using Dwarf.Model.Weights;
using Engine.Autograd;
using Engine.Autograd.Optim;

namespace Dwarf.Training.Runs;

/// <summary>The optimiser of a stage, and who learns how fast.</summary>
internal static class StageOptimiser
{
    /// <summary>Creates it, without moments yet.</summary>
    /// <param name="store">of the network, its frozen parts frozen</param>
    /// <param name="options">rates and decay</param>
    /// <param name="monitor">told of the layers' rates where they differ</param>
    /// <returns>heads have their own rate, blocks of encoders theirs, all others the stage's</returns>
    public static AdamW Create(ParameterStore store, StageOptions options, IRunMonitor monitor)
    {
        var optimiser = new AdamW(store, new AdamWOptions { WeightDecay = options.WeightDecay });
        var layers = new LayerDecay(store.Parameters.Select(p => p.Name), options.LayerDecay);
        foreach (var parameter in store.Parameters)
        {
            bool isHead = parameter.Name.StartsWith(WeightNames.Heads, StringComparison.Ordinal);
            optimiser.SetRateFactor(parameter, isHead ? options.HeadLearningRate / options.LearningRate : layers.FactorOf(parameter.Name));
        }

        foreach (string line in layers.Table())
        {
            monitor.Note(line);
        }

        return optimiser;
    }
}

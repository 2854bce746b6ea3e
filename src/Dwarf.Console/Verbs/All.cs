namespace Dwarf.Cli.Verbs;

/// <summary>Every verb that is built, in the order of --help. A verb that is not in this list does not exist.</summary>
public static class All
{
    /// <summary>One line a verb.</summary>
    public static IReadOnlyList<Verb> List =>
    [
        new Train(),
        new Eval(),
        new Predict(),
        new OpList(),
        new OpRun(),
        new ModelRunVerb(),
        new MetricsVerb(),
        new WeightsInspect(),
        new WeightsConvert(),
        new WeightsExport(),
        new Tokenize(),
        new BenchVerb(),
        new Devices(),
        new SelfTest(),
        new KernelsList(),
        new KernelsRun(),
        new KernelsBuild(),
        new KernelsExplain(),
        new DataCheckVerb(),
        new DataMasks(),
        new DataPhantom(),
    ];
}

using Engine.Kernels;

namespace Dwarf.Cli.Verbs;

/// <summary>
/// `devices`: the back ends, and what is missing for those that are not there. Also the smallest example of a verb: no option of its own,
/// a result for people and the same result as JSON.
/// </summary>
public sealed class Devices : Verb
{
    /// <inheritdoc/>
    public override string Name => "devices";

    /// <inheritdoc/>
    public override string Summary => "Lists the back ends, and what is missing for those that are not there";

    /// <inheritdoc/>
    public override int Run(VerbContext context)
    {
        IReadOnlyList<BackEnd> all = BackEnd.All();
        if (context.Json)
        {
            context.WriteJson(all);
            return 0;
        }
        foreach (BackEnd each in all)
        {
            context.Out.WriteLine($"{each.Name,-10} {(each.Available ? What(each) : $"not available: {each.Missing}")}");
            if (context.Verbose)
            {
                foreach (LibrarySearch library in each.Libraries ?? [])
                {
                    context.Out.WriteLine($"           {library.Library}: {library.Found ?? "not found"}");
                    foreach (string path in library.Found is null ? library.LookedFor : [])
                    {
                        context.Out.WriteLine($"               {path}");
                    }
                }
            }
        }
        return 0;
    }

    private static string What(BackEnd backEnd) => backEnd.Name switch
    {
        "cpu" => $"{backEnd.Cores} cores, {backEnd.SimdBits}-bit SIMD ({backEnd.Architecture}), {backEnd.MemoryBytes >> 20} MiB of memory",
        "cuda" => $"{string.Join(", ", backEnd.Devices!)} (driver of CUDA {backEnd.Driver})",
        _ => "the CUDA back end on the processor, for proving and teaching; not for speed",
    };
}

using Engine.Kernels;

namespace Dwarf.Cli.Verbs;

/// <summary>`kernels list`: every CUDA kernel, as its header describes it.</summary>
public sealed class KernelsList : Verb
{
    /// <inheritdoc/>
    public override string Name => "kernels list";

    /// <inheritdoc/>
    public override string Summary => "Lists every CUDA kernel with its operators, launch, shared memory and bytes";

    /// <inheritdoc/>
    public override int Run(VerbContext context)
    {
        var kernels = KernelFiles.All().SelectMany(KernelHeader.Read).ToList();
        if (context.Json)
        {
            context.WriteJson(kernels.Select(each => new
            {
                each.Name,
                File = Path.GetFileName(each.File),
                each.Operators,
                each.Summary,
                Launch = each.Launch,
                Shared = SharedOf(each.Launch),
                Reads = each.Fields["reads"],
                Writes = each.Fields["writes"],
                Bound = each.Fields["bound"],
                Why = each.Fields["why"],
                Shapes = each.Fields["shapes"],
                From = each.Fields.GetValueOrDefault("from"),
                Conflicts = each.Fields.GetValueOrDefault("conflicts"),
                Divergence = each.Fields.GetValueOrDefault("divergence"),
                Parameters = each.Parameters,
            }));
            return 0;
        }
        foreach (KernelHeader each in kernels)
        {
            context.Out.WriteLine($"{each.Name}  ({string.Join(", ", each.Operators)}; {Path.GetFileName(each.File)}:{each.Line})");
            context.Out.WriteLine($"    {each.Summary}");
            context.Out.WriteLine($"    launch {each.Launch}");
            context.Out.WriteLine($"    bytes  reads {each.Fields["reads"]}; writes {each.Fields["writes"]}");
            context.Out.WriteLine($"    bound  {each.Fields["bound"]}");
        }
        context.Error.WriteLine($"{kernels.Count} kernels; S is the size of an element, A that of a sum, in bytes");
        return 0;
    }

    // The part of the launch line after "shared".
    private static string SharedOf(string launch)
    {
        int at = launch.LastIndexOf("shared ", StringComparison.Ordinal);
        return at < 0 ? "0" : launch[(at + "shared ".Length)..].Trim();
    }
}

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
        if (context.Json)
        {
            context.WriteJson(BackEnd.All);
            return 0;
        }
        foreach (BackEnd each in BackEnd.All)
        {
            context.Out.WriteLine(each.Available
                ? $"{each.Name,-10} {each.Cores} cores, {each.SimdBits}-bit SIMD ({each.Architecture}), {each.MemoryBytes >> 20} MiB of memory"
                : $"{each.Name,-10} not built yet: {each.Missing}");
        }
        return 0;
    }
}

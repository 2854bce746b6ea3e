using System.CommandLine;
using System.Globalization;
using Dwarf.Cli.Explain;
using Engine.Kernels;
using Engine.Tensors;

namespace Dwarf.Cli.Verbs;

/// <summary>`kernels explain NAME`: what one launch of a kernel does to memory, counted on the emulator, beside what its header claims.</summary>
public sealed class KernelsExplain : Verb
{
    private readonly Argument<string> _name = new("NAME") { Description = "A kernel, an operator or a kernel file's stem; kernels list names them" };
    private readonly Option<string?> _html = new("--html") { Description = "Writes a page that draws lanes and the addresses they touch", HelpName = "FILE" };
    private readonly Option<int> _threads = CommonOptions.Threads();

    /// <inheritdoc/>
    public override string Name => "kernels explain";

    /// <inheritdoc/>
    public override string Summary => "Counts what a kernel does to memory on the emulator; --html draws it";

    /// <inheritdoc/>
    public override IReadOnlyList<Symbol> Parameters => [_name, _html, _threads];

    /// <inheritdoc/>
    public override int Run(VerbContext context)
    {
        string name = context.Get(_name);
        var headers = KernelFiles.All().SelectMany(KernelHeader.Read).ToList();
        var wanted = headers.Where(h => Fits(h, name)).ToList();
        if (wanted.Count == 0)
        {
            string[] known = [.. headers.SelectMany(h => (string[])[h.Name, .. h.Operators]).Distinct()];
            throw new DwarfException(ErrorKind.Usage, $"kernels explain: no kernel or operator is named '{name}'{Nearest.Hint(name, known)}");
        }

        if (EmulatorLibrary.Missing() is { } missing)
        {
            throw new DwarfException(ErrorKind.Unavailable, $"device emulated is not available: {missing}");
        }

        var names = wanted.Select(h => h.Name).ToHashSet();
        using var explainer = new Explainer(context.Get(_html) is null ? 0 : 1, context.Get(_threads));
        var launches = ExplainCases.All
            .Where(c => c.Operators.Any(o => o == name || wanted.Any(h => h.Operators.Contains(o))))
            .SelectMany(explainer.Run)
            .Where(l => names.Contains(l.Launch.Kernel))
            .ToList();
        Write(context, launches);
        if (context.Get(_html) is { } path)
        {
            AtomicFile.WriteText(path, KernelPage.Write($"kernels explain {name}", launches));
            context.Error.WriteLine($"{launches.Count} launches drawn in {path}");
        }

        return 0;
    }

    private static bool Fits(KernelHeader header, string name) =>
        header.Name == name || header.Operators.Contains(name) || Path.GetFileNameWithoutExtension(header.File) == name;

    private static void Write(VerbContext context, IReadOnlyList<Explained> launches)
    {
        if (context.Json)
        {
            context.WriteJson(launches.Select(l => new
            {
                l.Launch.Kernel,
                File = Path.GetFileName(l.Launch.File),
                l.Case,
                Grid = l.Launch.Grid.ToString(),
                Block = l.Launch.Block.ToString(),
                l.Launch.SharedBytes,
                l.Launch.Counters,
                FloorRead = l.Floor?.Read,
                FloorWritten = l.Floor?.Written,
                l.SectorRatio,
                l.PassRatio,
                l.Residency,
            }));
            return;
        }

        foreach (var l in launches)
        {
            var c = l.Launch.Counters;
            context.Out.WriteLine($"{l.Launch.Kernel}  ({l.Case})");
            context.Out.WriteLine($"    launch   grid {l.Launch.Grid}, block {l.Launch.Block}, shared {l.Launch.SharedBytes} B; {l.Residency}");
            context.Out.WriteLine($"    read     {KernelPage.Bytes(c.GlobalBytesRead)}{Against(l.ReadRatio)}, written {KernelPage.Bytes(c.GlobalBytesWritten)}{Against(l.WriteRatio)}");
            context.Out.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"    traffic  {l.SectorRatio:0.00} of the least sectors, {l.PassRatio:0.00} of the least shared passes, {c.LaneOccupancy:P0} of lanes, {c.Barriers} barriers"));
        }
    }

    private static string Against(double? ratio) => ratio is { } r ? string.Create(CultureInfo.InvariantCulture, $" ({r:0.00} of its header's)") : "";
}

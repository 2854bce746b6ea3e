using System.CommandLine;
using Dwarf.Training.Data;
using Engine.Tensors;

namespace Dwarf.Cli.Verbs;

/// <summary>`data phantom`: a synthetic data set with known truth, in the formats of the real one.</summary>
internal sealed class DataPhantom : Verb
{
    private readonly Option<string> _out = new("--out") { Description = "Folder to write; must not exist", Required = true };
    private readonly Option<int> _count = new("--count") { Description = "Images", DefaultValueFactory = static _ => 100 };
    private readonly Option<int> _size = new("--size") { Description = "Side in pixels", DefaultValueFactory = static _ => 64 };
    private readonly Option<long> _seed = new("--seed") { Description = "Other seeds draw other images" };

    public override string Name => "data phantom";

    public override string Summary => "Writes synthetic chest X-rays whose truth is known";

    public override IReadOnlyList<Symbol> Parameters => [_out, _count, _size, _seed];

    public override int Run(VerbContext context)
    {
        int count = InRange("--count", context.Get(_count), 1, 99_999);
        int size = InRange("--size", context.Get(_size), Phantom.SmallestSize, 4096);
        long seed = context.Get(_seed);
        string folder = context.Get(_out);
        context.WithProgress(monitor =>
        {
            PhantomFolder.Write(folder, count, size, seed, monitor);
            return 0;
        });
        if (context.Json)
        {
            context.WriteJson(new { Folder = folder, Count = count, Size = size, Seed = seed, Phantom.Findings });
        }
        else
        {
            context.Out.WriteLine($"{folder}: {count} images of {size}x{size}, {string.Join(", ", Phantom.Findings)}");
        }

        return 0;
    }

    private static int InRange(string option, int value, int least, int most) => value >= least && value <= most
        ? value
        : throw new DwarfException(ErrorKind.Usage, $"data phantom: {option} must be from {least} to {most}, found {value}");
}

using System.CommandLine;
using System.Globalization;
using Dwarf.Model.Weights;
using Dwarf.Training.Config;
using Engine.Tensors;

namespace Dwarf.Cli;

/// <summary>Options that several verbs have, so that they read the same everywhere.</summary>
public static class CommonOptions
{
    /// <summary>--device, read by <see cref="BackEnd.Open"/>.</summary>
    public static Option<string> Device() => new("--device")
    {
        Description = "Where it runs: cpu, cuda, cuda:N or emulated",
        HelpName = "D",
        DefaultValueFactory = _ => "cpu",
    };

    /// <summary>--dtype, read by <see cref="DTypes.Parse"/>.</summary>
    public static Option<string> Dtype() => new("--dtype")
    {
        Description = "What floating tensors are cast to: f32, f64 or bf16",
        HelpName = "T",
        DefaultValueFactory = _ => "f32",
    };

    /// <summary>--threads.</summary>
    public static Option<int> Threads()
    {
        var option = new Option<int>("--threads") { Description = "Threads of the cpu device; 0 for all cores, the default", HelpName = "N" };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 0 or > 1024)
            {
                result.AddError($"--threads: expected 0 to 1024, found {result.GetValueOrDefault<int>()}");
            }
        });
        return option;
    }

    /// <summary>--attr, as often as needed; read by <see cref="Pairs"/>.</summary>
    public static Option<string[]> Attributes() => new("--attr")
    {
        Description = "An attribute, as often as needed; lists as 0,-1",
        HelpName = "KEY=VALUE",
        DefaultValueFactory = _ => [],
    };

    /// <summary>--set, read by <see cref="Overrides"/>.</summary>
    public static Option<string[]> Set() => new("--set") { Description = "Replaces a value of the YAML, KEY=VALUE", DefaultValueFactory = _ => [] };

    /// <summary>What the command line replaces in a YAML.</summary>
    /// <param name="sets">the values of --set</param>
    /// <param name="device">--device, or null</param>
    /// <param name="threads">--threads, or null</param>
    public static IReadOnlyList<Override> Overrides(IEnumerable<string> sets, string? device = null, int? threads = null)
    {
        var result = sets.Select(Override.Parse).ToList();
        if (device is not null)
        {
            result.Add(new Override("device", device, "--device"));
        }

        if (threads is not null)
        {
            result.Add(new Override("threads", threads.Value.ToString(CultureInfo.InvariantCulture), "--threads"));
        }

        return result;
    }

    /// <summary>A file that must be named.</summary>
    public static Option<string> File(string name, string description) => new(name) { Description = description, Required = true, HelpName = "FILE" };

    /// <summary>KEY=VALUE pairs as a table.</summary>
    /// <exception cref="DwarfException">no '=', or a key twice (usage)</exception>
    public static Dictionary<string, string> Pairs(string option, IEnumerable<string> texts)
    {
        var pairs = new Dictionary<string, string>();
        foreach (string text in texts)
        {
            int equals = text.IndexOf('=', StringComparison.Ordinal);
            if (equals < 1)
            {
                throw new DwarfException(ErrorKind.Usage, $"{option}: expected KEY=VALUE, found '{text}'");
            }
            if (!pairs.TryAdd(text[..equals], text[(equals + 1)..]))
            {
                throw new DwarfException(ErrorKind.Usage, $"{option}: '{text[..equals]}' is given twice");
            }
        }
        return pairs;
    }

    /// <summary>Numbers of attention heads: image_heads, text_heads, decoder_heads.</summary>
    /// <param name="verb">for messages</param>
    /// <param name="attributes">of --attr</param>
    /// <returns>null where none is given; the published models' where one is not</returns>
    /// <exception cref="DwarfException">another name, or no whole number of at least 1 (usage)</exception>
    public static HeadCounts? Heads(string verb, Dictionary<string, string> attributes)
    {
        string[] known = ["image_heads", "text_heads", "decoder_heads"];
        foreach ((string name, string value) in attributes)
        {
            if (!known.Contains(name))
            {
                throw new DwarfException(ErrorKind.Usage, $"{verb}: unknown attribute '{name}'{Nearest.Hint(name, known)}");
            }
            if (!int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int heads) || heads < 1)
            {
                throw new DwarfException(ErrorKind.Usage, $"{verb}: attribute {name} must be an integer of at least 1, found '{value}'");
            }
        }
        HeadCounts standard = new();
        return attributes.Count == 0
            ? null
            : new HeadCounts(Count(known[0], standard.Image), Count(known[1], standard.Text), Count(known[2], standard.Decoder));

        int Count(string name, int otherwise) =>
            attributes.TryGetValue(name, out string? value) ? int.Parse(value, CultureInfo.InvariantCulture) : otherwise;
    }
}

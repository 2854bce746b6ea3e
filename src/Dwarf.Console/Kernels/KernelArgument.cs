using System.Globalization;
using Engine.Kernels;
using Engine.Tensors;

namespace Dwarf.Cli.Kernels;

/// <summary>One --arg: a tensor's address or a number, in the order of the kernel's parameters.</summary>
/// <param name="Tensor">name of the tensor whose address is passed; null for a number</param>
/// <param name="Value">the number</param>
internal sealed record KernelArgument(string? Tensor, Arg Value)
{
    /// <summary>Reads the arguments; tensors of zeros join those of the file.</summary>
    /// <param name="texts">as the user wrote them</param>
    /// <param name="tensors">those of --in; zeros are added</param>
    /// <param name="source">--in, for messages; null where it is not given</param>
    /// <exception cref="DwarfException">an argument that is none (usage), or a tensor that is not there (content)</exception>
    public static List<KernelArgument> Parse(IEnumerable<string> texts, Dictionary<string, RawTensor> tensors, string? source) =>
        [.. texts.Select(text => One(text, tensors, source))];

    private static KernelArgument One(string text, Dictionary<string, RawTensor> tensors, string? source)
    {
        if (text == "null")
        {
            return new KernelArgument(null, (Arg)(nint)0);
        }
        string[] parts = text.Split(':', 2);
        string rest = parts.Length == 2 ? parts[1] : throw Wrong(text);
        switch (parts[0])
        {
            case "tensor":
                return tensors.ContainsKey(rest) ? new KernelArgument(rest, default) : throw Missing(rest, tensors, source);
            case "zeros":
                string[] words = rest.Split(':');
                if (words.Length is not (2 or 3) || words[0].Length == 0)
                {
                    throw Wrong(text);
                }
                RawTensor zeros = RawTensor.Zeros(words[1], words.Length == 3 ? words[2] : "", text);
                return tensors.TryAdd(words[0], zeros)
                    ? new KernelArgument(words[0], default)
                    : throw new DwarfException(ErrorKind.Usage, $"--arg {text}: there is a tensor '{words[0]}' already");
            case "i32":
                return new KernelArgument(null, Number<int>(text, rest));
            case "u32":
                return new KernelArgument(null, (Arg)(long)Number<uint>(text, rest));
            case "i64":
                return new KernelArgument(null, Number<long>(text, rest));
            case "u64":
                return new KernelArgument(null, Number<ulong>(text, rest));
            case "f32":
                return new KernelArgument(null, Number<float>(text, rest));
            case "f64":
                return new KernelArgument(null, Arg.Double(Number<double>(text, rest)));
            default:
                throw Wrong(text);
        }
    }

    private static T Number<T>(string text, string number)
        where T : struct, IParsable<T> =>
        T.TryParse(number, CultureInfo.InvariantCulture, out T value)
            ? value
            : throw new DwarfException(ErrorKind.Usage, $"--arg {text}: expected a number of type {text.Split(':')[0]}, found '{number}'");

    private static DwarfException Wrong(string text) => new(
        ErrorKind.Usage, $"--arg: expected tensor:NAME, zeros:NAME:f32:2,3, i32:5, i64:5 or f32:0.5, found '{text}'");

    private static DwarfException Missing(string name, Dictionary<string, RawTensor> tensors, string? source) => source is null
        ? new(ErrorKind.Usage, $"--arg tensor:{name}: --in FILE is not given")
        : new(ErrorKind.Content, $"{source}: tensor '{name}' is missing" + Nearest.Hint(name, [.. tensors.Keys]));
}

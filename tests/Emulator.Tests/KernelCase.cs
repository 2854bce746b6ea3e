using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Dwarf.Cli.Kernels;
using Engine.Tests;

namespace Emulator.Tests;

/// <summary>A kernel under Kernels/ with what its first lines say: the launch, the tensors, and what must come out.</summary>
/// <remarks>`//! kind [block] [thread]` at the end of a line: this fault must be told there; `//? kind`: it may.</remarks>
internal sealed partial class KernelCase
{
    private readonly string _path;

    private KernelCase(string path)
    {
        _path = path;
        Text = System.IO.File.ReadAllText(path);
    }

    public string Text { get; }

    public string File => _path;

    /// <summary>Names of the files of a folder under Kernels/, without the ending.</summary>
    public static IEnumerable<string> Names(string folder) =>
        Directory.GetFiles(Source.Path("tests", "Emulator.Tests", "Kernels", folder), "*.cu")
            .Select(file => Path.GetFileNameWithoutExtension(file))
            .Order(StringComparer.Ordinal);

    public static KernelCase Load(string folder, string name) => new(Source.Path("tests", "Emulator.Tests", "Kernels", folder, name + ".cu"));

    /// <summary>The launch that its first line describes, as `kernels run` would read it.</summary>
    public KernelRequest Request(bool check)
    {
        string[] words = Run().Match(Text).Groups[1].Value.Trim().Split(' ');
        var options = new Dictionary<string, string>();
        var arguments = new List<string>();
        for (int i = 0; i < words.Length; i += 2)
        {
            if (words[i] == "--arg")
            {
                arguments.Add(words[i + 1]);
            }
            else
            {
                options.Add(words[i], words[i + 1]);
            }
        }

        Dictionary<string, RawTensor> tensors = Tensors();
        List<KernelArgument> read = KernelArgument.Parse(arguments, tensors, _path);
        double timeout = double.Parse(options.GetValueOrDefault("--timeout", "20"), CultureInfo.InvariantCulture);
        int shared = int.Parse(options.GetValueOrDefault("--shared", "0"), CultureInfo.InvariantCulture);
        var request = new KernelRequest(
            _path, options["--kernel"], LaunchSize.Parse("--grid", options["--grid"]), LaunchSize.Parse("--block", options["--block"]), shared, tensors, read,
            "emulated", check, timeout);
        request.Validate();
        return request;
    }

    /// <summary>Elements and counters that the file names: `// value: y 3 = 9`, `// counter: barriers = 2`.</summary>
    public IEnumerable<(string Kind, string Name, int Index, double Expected)> Numbers() => Number().Matches(Text).Select(match => (
        match.Groups[1].Value, match.Groups[2].Value, match.Groups[3].Success ? int.Parse(match.Groups[3].Value, CultureInfo.InvariantCulture) : 0,
        double.Parse(match.Groups[4].Value, CultureInfo.InvariantCulture)));

    /// <summary>The faults that its lines name.</summary>
    public IEnumerable<(string Kind, int Line, string Block, string Thread, bool Required)> Faults() =>
        Text.Split('\n').SelectMany((line, i) => Fault().Matches(line).Select(match => (
            match.Groups[2].Value, i + 1, match.Groups[3].Value, match.Groups[4].Value, match.Groups[1].Value == "!")));

    /// <summary>One element of a tensor as a number.</summary>
    public static double At(RawTensor tensor, int index) => tensor.Label switch
    {
        "F32" => MemoryMarshal.Cast<byte, float>(tensor.Bytes)[index],
        "F64" => MemoryMarshal.Cast<byte, double>(tensor.Bytes)[index],
        "I64" => MemoryMarshal.Cast<byte, long>(tensor.Bytes)[index],
        "I32" => MemoryMarshal.Cast<byte, int>(tensor.Bytes)[index],
        "U32" => MemoryMarshal.Cast<byte, uint>(tensor.Bytes)[index],
        "I16" => MemoryMarshal.Cast<byte, short>(tensor.Bytes)[index],
        _ => tensor.Bytes[index],
    };

    private Dictionary<string, RawTensor> Tensors()
    {
        var tensors = new Dictionary<string, RawTensor>();
        foreach (Match match in Tensor().Matches(Text))
        {
            RawTensor tensor = RawTensor.Zeros(match.Groups[2].Value, match.Groups[3].Value, match.Value);
            int size = RawTensor.SizeOf(tensor.Label);
            for (int i = 0; i < tensor.Bytes.Length / size; i++)
            {
                Put(tensor, i, Value(match.Groups[4].Value, i, tensor.Bytes.Length / size));
            }

            tensors.Add(match.Groups[1].Value, tensor);
        }

        return tensors;
    }

    private static int Value(string pattern, int i, int count) => pattern switch
    {
        "ramp" => i,
        "ones" => 1,
        "negative" => i % 3 == 0 ? -1 : 1,
        "down" => count - 1 - i,
        "triangle" => i * (i + 1) / 2,
        "far" => i == 5 ? 100_000_000 : i,
        _ => i % int.Parse(pattern["mod".Length..], CultureInfo.InvariantCulture),
    };

    private static void Put(RawTensor tensor, int i, int value)
    {
        switch (tensor.Label)
        {
            case "F32": MemoryMarshal.Cast<byte, float>(tensor.Bytes.AsSpan())[i] = value; break;
            case "F64": MemoryMarshal.Cast<byte, double>(tensor.Bytes.AsSpan())[i] = value; break;
            case "I64": MemoryMarshal.Cast<byte, long>(tensor.Bytes.AsSpan())[i] = value; break;
            case "I32" or "U32": MemoryMarshal.Cast<byte, int>(tensor.Bytes.AsSpan())[i] = value; break;
            case "I16": MemoryMarshal.Cast<byte, short>(tensor.Bytes.AsSpan())[i] = (short)value; break;
            default: tensor.Bytes[i] = (byte)value; break;
        }
    }

    [GeneratedRegex(@"^// run: (.*)$", RegexOptions.Multiline)]
    private static partial Regex Run();

    [GeneratedRegex(@"^// tensor: (\w+) (\w+) (\S+) (\w+)", RegexOptions.Multiline)]
    private static partial Regex Tensor();

    [GeneratedRegex(@"^// (value|counter): (\w+)(?: (\d+))? = (\S+)", RegexOptions.Multiline)]
    private static partial Regex Number();

    [GeneratedRegex(@"//([!?]) ([\w-]+)(?: \[([\d,]+)\])?(?: \[([\d,]+)\])?")]
    private static partial Regex Fault();
}

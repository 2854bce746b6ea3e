using System.Text.RegularExpressions;
using Engine.Tensors;

namespace Engine.Kernels;

/// <summary>
/// What the comment above a kernel says of it: formula, shapes, launch, bytes, bound. Read by `kernels list`, `kernels explain` and tests.
/// </summary>
public sealed partial record KernelHeader
{
    private static readonly string[] s_required = ["operator", "shapes", "launch", "reads", "writes", "bound", "why"];
    private static readonly string[] s_optional = ["from", "conflicts", "sectors", "divergence", "macros"];

    private KernelHeader(string name, string file, int line) => (Name, File, Line) = (name, file, line);

    /// <summary>The kernel.</summary>
    public string Name { get; }

    /// <summary>Its file.</summary>
    public string File { get; }

    /// <summary>The line of <see cref="File"/> where the header begins, counted from 1.</summary>
    public int Line { get; }

    /// <summary>What it computes, in one line.</summary>
    public required string Summary { get; init; }

    /// <summary>The operators that use it.</summary>
    public required IReadOnlyList<string> Operators { get; init; }

    /// <summary>
    /// Every line by its key word: operator, shapes, launch, reads, writes, bound, why, and where given from, conflicts, sectors, divergence.
    /// </summary>
    public required IReadOnlyDictionary<string, string> Fields { get; init; }

    /// <summary>Bytes that its loads move from global memory.</summary>
    public required KernelExpression Reads { get; init; }

    /// <summary>Bytes that its stores move to global memory.</summary>
    public required KernelExpression Writes { get; init; }

    /// <summary>The kernel's parameters, in order.</summary>
    public required IReadOnlyList<KernelParameter> Parameters { get; init; }

    /// <summary>Grid, block and dynamic shared memory, as the header's launch line says.</summary>
    public string Launch => Fields["launch"];

    /// <summary>The headers of every kernel of a file.</summary>
    /// <param name="path">the .cu file</param>
    /// <returns>in the file's order</returns>
    /// <exception cref="DwarfException">the file is not there, or a kernel has no header or one with a fault (FILE:LINE)</exception>
    public static IReadOnlyList<KernelHeader> Read(string path)
    {
        if (!System.IO.File.Exists(path))
        {
            throw new DwarfException(ErrorKind.MissingInput, $"{path}: not there");
        }
        return Parse(System.IO.File.ReadAllText(path), path);
    }

    /// <summary>The headers of every kernel of a text.</summary>
    /// <param name="text">of a .cu file</param>
    /// <param name="file">its name, for messages</param>
    /// <returns>in the text's order</returns>
    /// <exception cref="DwarfException">a kernel has no header or one with a fault (FILE:LINE)</exception>
    public static IReadOnlyList<KernelHeader> Parse(string text, string file)
    {
        string[] lines = text.Split('\n');
        return [.. KernelSignature.All(text).Select(kernel => One(lines, file, text.AsSpan(0, kernel.Start).Count('\n'), kernel.Name,
            kernel.Parameters))];
    }

    /// <summary>Bytes of global memory that one launch moves, by the header.</summary>
    /// <param name="launch">dtype, sizes and arguments</param>
    /// <returns>bytes read and written</returns>
    public (double Read, double Written) BytesOf(in LaunchInfo launch)
    {
        var values = Values(launch);
        return (Reads.Evaluate(name => values.TryGetValue(name, out double v) ? v : null),
            Writes.Evaluate(name => values.TryGetValue(name, out double v) ? v : null));
    }

    /// <summary>What the names of a header's formulas are worth in one launch.</summary>
    /// <param name="launch">dtype, sizes and arguments</param>
    /// <returns>integer parameters, pointers (1 or 0), macros, S, A, PACK, gridDim and blockDim</returns>
    public static Dictionary<string, double> Values(in LaunchInfo launch)
    {
        int s = launch.DType.Size(), a = launch.DType.Accumulator().Size();
        var values = new Dictionary<string, double>
        {
            ["S"] = s,
            ["A"] = a,
            ["PACK"] = 16 / s,
            ["gridDim.x"] = launch.Grid.X,
            ["gridDim.y"] = launch.Grid.Y,
            ["gridDim.z"] = launch.Grid.Z,
            ["blockDim.x"] = launch.Block.X,
            ["blockDim.y"] = launch.Block.Y,
            ["blockDim.z"] = launch.Block.Z,
            ["shared"] = launch.SharedBytes,
        };
        if (launch.Kernel.Macro0 is { } macro0)
        {
            values[macro0] = launch.Macros.V0;
        }
        if (launch.Kernel.Macro1 is { } macro1)
        {
            values[macro1] = launch.Macros.V1;
        }
        for (int i = 0; i < launch.Parameters.Length && i < launch.Arguments.Length; i++)
        {
            if (launch.Arguments[i].IsInteger || launch.Parameters[i].IsPointer)
            {
                values[launch.Parameters[i].Name] = launch.Arguments[i].Integer;
            }
        }
        return values;
    }

    private static KernelHeader One(string[] lines, string file, int declaration, string name, KernelParameter[] parameters)
    {
        int first = declaration;
        while (first > 0 && lines[first - 1].StartsWith("//", StringComparison.Ordinal))
        {
            first--;
        }
        var summary = Summaries().Match(first < declaration ? lines[first] : "");
        if (!summary.Success || summary.Groups[1].Value != name)
        {
            throw new DwarfException(ErrorKind.Content,
                $"{file}:{first + 1}: kernel {name} needs a header above it that begins '// {name}: …'");
        }
        var fields = new Dictionary<string, string> { ["summary"] = summary.Groups[2].Value.Trim() };
        var places = new Dictionary<string, int> { ["summary"] = first + 1 };
        string key = "summary";
        for (int i = first + 1; i < declaration; i++)
        {
            var field = Field().Match(lines[i]);
            if (field.Success && (s_required.Contains(field.Groups[1].Value) || s_optional.Contains(field.Groups[1].Value)))
            {
                key = field.Groups[1].Value;
                if (!fields.TryAdd(key, field.Groups[2].Value.Trim()))
                {
                    throw new DwarfException(ErrorKind.Content, $"{file}:{i + 1}: '{key}' stands twice in the header of {name}");
                }
                places[key] = i + 1;
            }
            else
            {
                fields[key] = $"{fields[key]} {lines[i].TrimStart('/').Trim()}".TrimEnd();
            }
        }
        foreach (string required in s_required)
        {
            if (!fields.ContainsKey(required))
            {
                throw new DwarfException(ErrorKind.Content, $"{file}:{first + 1}: the header of {name} lacks '{required}'");
            }
        }
        string text = fields["summary"];
        fields.Remove("summary");
        return new KernelHeader(name, file, first + 1)
        {
            Summary = text,
            Operators = fields["operator"].Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries),
            Fields = fields,
            Reads = KernelExpression.Parse(fields["reads"], $"{file}:{places["reads"]}"),
            Writes = KernelExpression.Parse(fields["writes"], $"{file}:{places["writes"]}"),
            Parameters = parameters,
        };
    }

    [GeneratedRegex(@"^// (\w+): (.*)$")]
    private static partial Regex Summaries();

    [GeneratedRegex(@"^//   (\w+)\s+(.*)$")]
    private static partial Regex Field();
}

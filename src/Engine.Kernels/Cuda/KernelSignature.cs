using System.Text.RegularExpressions;
using Engine.Tensors;

namespace Engine.Kernels;

/// <summary>A parameter as a kernel's source declares it.</summary>
/// <param name="Type">as written, without const and __restrict__</param>
/// <param name="Name">its name</param>
public readonly record struct KernelParameter(string Type, string Name)
{
    /// <summary>Whether it is an address.</summary>
    public bool IsPointer => Type.EndsWith('*');

    /// <summary>Whether an argument fits: a size must fit into an int where the kernel takes one.</summary>
    internal bool Takes(Arg argument, DType dtype) => Type switch
    {
        _ when IsPointer => argument.Kind == ArgKind.Pointer,
        "long long" or "unsigned long long" or "long" or "unsigned long" => argument.Kind is ArgKind.Long or ArgKind.Int,
        "int" or "bool" => argument.Kind == ArgKind.Int || (argument.Kind == ArgKind.Long
            && (long)argument.Bits == (int)(long)argument.Bits),
        "unsigned" or "unsigned int" => argument.Kind is ArgKind.Int or ArgKind.Long && argument.Bits <= uint.MaxValue,
        "accum" => argument.Kind == ArgKind.Accum || argument.Kind == (dtype == DType.F64 ? ArgKind.Double : ArgKind.Float),
        "float" => argument.Kind == ArgKind.Float || (argument.Kind == ArgKind.Accum && dtype != DType.F64),
        "double" => argument.Kind == ArgKind.Double || (argument.Kind == ArgKind.Accum && dtype == DType.F64),
        _ => true,
    };
}

/// <summary>Reads a kernel's parameters from its source text.</summary>
internal static partial class KernelSignature
{
    /// <summary>The parameters of a kernel.</summary>
    /// <param name="text">the .cu file</param>
    /// <param name="name">the kernel</param>
    /// <returns>null where the text declares no such kernel in plain words</returns>
    public static KernelParameter[]? Find(string text, string name)
    {
        foreach (Match match in Kernel().Matches(text))
        {
            if (match.Groups["name"].Value == name)
            {
                return Parse(match.Groups["parameters"].Value);
            }
        }
        return null;
    }

    /// <summary>Every kernel of a file: its name, where its declaration begins, and its parameters.</summary>
    public static IEnumerable<(string Name, int Start, KernelParameter[] Parameters)> All(string text)
        => Kernel().Matches(text).Select(match => (match.Groups["name"].Value, match.Index, Parse(match.Groups["parameters"].Value)));

    private static KernelParameter[] Parse(string parameters)
    {
        parameters = Comment().Replace(parameters, " ");
        return string.IsNullOrWhiteSpace(parameters) ? [] : [.. parameters.Split(',').Select(One)];
    }

    private static KernelParameter One(string text)
    {
        string[] words = [.. Word().Matches(text).Select(match => match.Value).Where(
            word => word is not ("const" or "__restrict__" or "volatile"))];
        return new KernelParameter(string.Join(' ', words[..^1]).Replace(" *", "*", StringComparison.Ordinal), words[^1]);
    }

    [GeneratedRegex(@"(?<declaration>(?:extern\s+""C""\s+)?__global__\s+(?:__launch_bounds__\s*\((?:[^()]|\([^()]*\))*\)\s*)?void\s+"
        + @"(?:__launch_bounds__\s*\((?:[^()]|\([^()]*\))*\)\s*)?(?<name>\w+))\s*\((?<parameters>[^()]*)\)")]
    private static partial Regex Kernel();

    [GeneratedRegex(@"//[^\n]*|/\*.*?\*/", RegexOptions.Singleline)]
    private static partial Regex Comment();

    [GeneratedRegex(@"\w+|\*")]
    private static partial Regex Word();
}

using System.Globalization;
using Engine.Tensors;

namespace Dwarf.Cli.Kernels;

/// <summary>A tensor as bytes: a kernel may work on any element type, the engine's own five or not.</summary>
/// <param name="Label">as safetensors names the dtype: F32, I32 …</param>
/// <param name="Shape">sizes</param>
/// <param name="Bytes">row-major</param>
internal sealed record RawTensor(string Label, long[] Shape, byte[] Bytes)
{
    private static readonly Dictionary<string, (string Label, int Size)> s_types = new()
    {
        ["f64"] = ("F64", 8),
        ["f32"] = ("F32", 4),
        ["f16"] = ("F16", 2),
        ["bf16"] = ("BF16", 2),
        ["i64"] = ("I64", 8),
        ["i32"] = ("I32", 4),
        ["i16"] = ("I16", 2),
        ["i8"] = ("I8", 1),
        ["u64"] = ("U64", 8),
        ["u32"] = ("U32", 4),
        ["u16"] = ("U16", 2),
        ["u8"] = ("U8", 1),
        ["bool"] = ("BOOL", 1),
    };

    /// <summary>Names of the types on the command line.</summary>
    public static string Types => string.Join(", ", s_types.Keys);

    /// <summary>Bytes of one element of a safetensors dtype; 0 for an unknown one.</summary>
    public static int SizeOf(string label) => s_types.Values.FirstOrDefault(type => type.Label == label).Size;

    /// <summary>A tensor of zeros.</summary>
    /// <param name="type">as in f32</param>
    /// <param name="sizes">as in 2,3; nothing for a single element</param>
    /// <param name="place">the argument, for messages</param>
    /// <exception cref="DwarfException">unknown type or wrong sizes (usage)</exception>
    public static RawTensor Zeros(string type, string sizes, string place)
    {
        if (!s_types.TryGetValue(type, out var known))
        {
            throw new DwarfException(ErrorKind.Usage, $"--arg {place}: expected one of {Types}, found '{type}'");
        }
        long[] shape = sizes.Length == 0 ? [] : [.. sizes.Split(',').Select(size => Size(size, place))];
        long bytes = known.Size;
        foreach (long size in shape)
        {
            bytes = size == 0 || bytes <= int.MaxValue / size ? bytes * size
                : throw new DwarfException(ErrorKind.Usage, $"--arg {place}: a tensor has at most {int.MaxValue} bytes here");
        }
        return new RawTensor(known.Label, shape, new byte[bytes]);
    }

    private static long Size(string text, string place) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long size)
            ? size
            : throw new DwarfException(ErrorKind.Usage, $"--arg {place}: expected sizes such as 2,3, found '{text}'");
}

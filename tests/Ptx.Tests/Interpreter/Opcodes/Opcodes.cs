namespace Ptx.Tests.Interpreter;

/// <summary>The table of opcodes, whole words with all their modifiers: what is not in it is an error, a typo too.</summary>
public static class Opcodes
{
    public const string Integers = "{u16,s16,u32,s32,u64,s64}", Floats = "{f32,f64}";
    private static readonly Dictionary<string, Func<Site, Action<Warp>>> s_table = [];

    static Opcodes()
    {
        IntegerOpcodes.Add();
        FloatOpcodes.Add();
        BitOpcodes.Add();
        ConversionOpcodes.Add();
        ComparisonOpcodes.Add();
        MemoryOpcodes.Add();
        AtomicOpcodes.Add();
        ControlOpcodes.Add();
        WarpOpcodes.Add();
        TensorOpcodes.Add();
    }

    /// <summary>Registers all words of a pattern: {a,b} is a choice, [x] may be left out.</summary>
    public static void Add(string pattern, Func<Site, Action<Warp>> bind)
    {
        foreach (string word in Expand(pattern)) s_table.Add(word, bind);
    }

    /// <summary>Binds every instruction of a kernel.</summary>
    public static void Bind(Entry entry)
    {
        foreach (Instruction instruction in entry.Code)
        {
            if (!s_table.TryGetValue(instruction.Opcode, out var bind))
            {
                throw PtxException.At(instruction.Place, $"unknown opcode '{instruction.Opcode}'");
            }
            instruction.Run = bind(new Site(entry, instruction));
        }
    }

    public static IEnumerable<string> Expand(string pattern)
    {
        int open = pattern.IndexOfAny(['{', '[']);
        if (open < 0) return [pattern];
        char close = pattern[open] == '{' ? '}' : ']';
        int depth = 0, end = open;
        for (; end < pattern.Length; end++)
        {
            if (pattern[end] == pattern[open]) depth++;
            if (pattern[end] == close && --depth == 0) break;
        }
        string head = pattern[..open], inner = pattern[(open + 1)..end], tail = pattern[(end + 1)..];
        IEnumerable<string> choices = close == '}' ? inner.Split(',') : ["", inner];
        return choices.SelectMany(choice => Expand(choice)).SelectMany(choice => Expand(tail).Select(rest => head + choice + rest));
    }
}

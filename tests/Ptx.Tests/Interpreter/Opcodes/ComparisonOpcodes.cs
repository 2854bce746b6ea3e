namespace Ptx.Tests.Interpreter;

/// <summary>setp with and without a second predicate, and selp.</summary>
public static class ComparisonOpcodes
{
    private const string All = "{b16,b32,b64,u16,u32,u64,s16,s32,s64,f32,f64}";

    public static void Add()
    {
        Opcodes.Add($"setp.{{eq,ne,lt,le,gt,ge}}[.{{and,or,xor}}].{All}", Compare);
        Opcodes.Add("setp.{lo,ls,hi,hs}[.{and,or,xor}].{u16,u32,u64}", Compare);
        Opcodes.Add("setp.{equ,neu,ltu,leu,gtu,geu,num,nan}[.{and,or,xor}].{f32,f64}", Compare);
        Opcodes.Add($"selp.{All}", static site =>
        {
            site.Count(4);
            PtxType type = site.Type;
            return Lanes.Ternary(site.Out(0, type), site.In(1, type), site.In(2, type), site.In(3, PtxType.Predicate), static (a, b, p) =>
                p != 0 ? a : b);
        });
    }

    private static Action<Warp> Compare(Site site)
    {
        bool combines = site.Has("and") || site.Has("or") || site.Has("xor");
        site.Count(combines ? 4 : 3);
        PtxType type = site.Type;
        string op = site.Parts[1];
        if (type.Kind == Kind.Bits && op is not ("eq" or "ne")) throw site.Fault("cannot order untyped bits");
        Func<ulong, ulong, bool> holds = type.Kind != Kind.Float ? Integer(op, type)
            : type.Bytes == 4 ? (a, b) => Float(op, FloatOpcodes.F32(a), FloatOpcodes.F32(b))
            : (a, b) => Float(op, FloatOpcodes.F64(a), FloatOpcodes.F64(b));
        int x = site.In(1, type), y = site.In(2, type);
        int c = combines ? site.In(3, PtxType.Predicate) : 32 * site.Entry.Constant(1);
        bool pair = site[0].Kind == OperandKind.Pair;
        int d = site.Out(pair ? site[0].Parts![0] : site[0], PtxType.Predicate);
        int other = pair ? site.Out(site[0].Parts![1], PtxType.Predicate) : 32 * site.Entry.AddSlot("_", PtxType.Predicate);
        Func<bool, bool, bool> combine = site.Has("or") ? static (r, c) => r || c : site.Has("xor") ? static (r, c) => r != c
            : static (r, c) => r && c;
        return Lanes.Each((warp, lane) =>
        {
            ulong[] r = warp.Registers;
            bool result = holds(r[x + lane], r[y + lane]), with = r[c + lane] != 0;
            r[d + lane] = combine(result, with) ? 1UL : 0;
            r[other + lane] = combine(!result, with) ? 1UL : 0;
        });
    }

    private static Func<ulong, ulong, bool> Integer(string op, PtxType type) => op switch
    {
        "eq" => static (a, b) => a == b,
        "ne" => static (a, b) => a != b,
        "lt" or "lo" => (a, b) => IntegerOpcodes.Less(a, b, type),
        "le" or "ls" => (a, b) => !IntegerOpcodes.Less(b, a, type),
        "gt" or "hi" => (a, b) => IntegerOpcodes.Less(b, a, type),
        _ => (a, b) => !IntegerOpcodes.Less(a, b, type),
    };

    // A name that ends in u (and ne of floats is not one of them) is also true when an operand is NaN.
    private static bool Float(string op, double a, double b) => op switch
    {
        "eq" => a == b,
        "ne" => a < b || a > b,
        "lt" => a < b,
        "le" => a <= b,
        "gt" => a > b,
        "ge" => a >= b,
        "equ" => !(a < b || a > b),
        "neu" => a != b,
        "ltu" => !(a >= b),
        "leu" => !(a > b),
        "gtu" => !(a <= b),
        "geu" => !(a < b),
        "num" => !double.IsNaN(a) && !double.IsNaN(b),
        _ => double.IsNaN(a) || double.IsNaN(b),
    };
}

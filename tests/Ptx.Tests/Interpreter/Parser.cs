using System.Globalization;

namespace Ptx.Tests.Interpreter;

/// <summary>Reads a PTX text: module directives here, kernel bodies in BodyParser.</summary>
public sealed class Parser
{
    /// <summary>Static shared memory that a block may have, in bytes.</summary>
    public const int StaticSharedLimit = 48 * 1024;

    private const int ParameterLimit = 4096;
    private static readonly HashSet<string> s_linkage = [".visible", ".extern", ".weak", ".common"];

    private readonly Tokens _tokens;
    private readonly Module _module;
    private readonly Dictionary<string, int> _externals = [];
    private readonly HashSet<string> _dynamicShared = [];
    private readonly List<VariableReader> _staticShared = [];
    private ulong _nextGlobal = GlobalMemory.ModuleBase;

    private Parser(string path, string text)
    {
        _tokens = new Tokens(path, text);
        _module = new Module(path);
    }

    /// <summary>Parses and checks a text; a fault names file and line.</summary>
    public static Module Parse(string path, string text)
    {
        var parser = new Parser(path, text);
        while (!parser._tokens.Done) parser.Directive();
        return parser._module;
    }

    private void Directive()
    {
        Place place = _tokens.Place;
        bool external = false;
        string word = _tokens.Take();
        while (s_linkage.Contains(word))
        {
            external |= word == ".extern";
            word = _tokens.Take();
        }
        switch (word)
        {
            case ".version" or ".address_size": _tokens.Take(); break;
            case ".target":
                _module.Target = _tokens.Take();
                while (_tokens.Skip(",")) _tokens.Take();
                break;
            case ".func": Function(place, external); break;
            case ".entry": Kernel(); break;
            case ".shared": Shared(place, external); break;
            case ".global" or ".const": Global(place); break;
            case ".section":
                _tokens.Take();
                _tokens.Expect("{");
                _tokens.Expect("}");
                break;
            default: throw PtxException.At(place, $"unknown directive '{word}'");
        }
    }

    private void Function(Place place, bool external)
    {
        if (_tokens.Skip("(")) Parameters();
        string name = _tokens.Take();
        _externals[name] = _tokens.Skip("(") ? Parameters().Count : 0;
        _tokens.Skip(".noreturn");
        if (!external || !_tokens.Skip(";"))
        {
            throw PtxException.At(place, $"{name} is a function of its own; device functions must be inlined");
        }
        if (!External.Knows(name)) throw PtxException.At(place, $"{name} is called but defined nowhere");
    }

    // Up to the closing parenthesis: .param .align N .type name[size], ...
    private List<Parameter> Parameters()
    {
        var list = new List<Parameter>();
        int offset = 0;
        while (!_tokens.Skip(")"))
        {
            _tokens.Skip(",");
            _tokens.Expect(".param");
            var variable = VariableReader.Read(_tokens);
            offset = (offset + variable.Align - 1) / variable.Align * variable.Align;
            list.Add(new Parameter(variable.Name, variable.Type, offset, variable.Bytes));
            offset += variable.Bytes;
        }
        return list;
    }

    private void Kernel()
    {
        Place place = _tokens.Place;
        var entry = new Entry(_tokens.Take());
        if (_tokens.Skip("(")) entry.Parameters.AddRange(Parameters());
        if (entry.Parameters.Count > 0) entry.ParameterBytes = entry.Parameters[^1].Offset + entry.Parameters[^1].Bytes;
        if (entry.ParameterBytes > ParameterLimit)
        {
            throw PtxException.At(place, $"{entry.Name} has {entry.ParameterBytes} bytes of parameters, limit {ParameterLimit}");
        }
        while (_tokens.Peek() != "{")
        {
            string directive = _tokens.Take();
            int product = _tokens.Number();
            while (_tokens.Skip(",")) product *= _tokens.Number();
            if (directive is ".maxntid" or ".reqntid") entry.MaxThreads = product;
            else if (directive is not (".minnctapersm" or ".maxnreg")) throw PtxException.At(place, $"unknown directive '{directive}'");
        }
        foreach ((string name, (ulong address, _)) in _module.Globals) entry.Symbols[name] = (Space.Global, address);
        new BodyParser(_tokens, entry, _externals).Parse();
        HashSet<string> named = [.. entry.Code.SelectMany(static i => i.Operands).SelectMany(static o => o.Parts ?? [o]).Select(static o =>
            o.Text)];
        foreach (VariableReader variable in _staticShared.Where(v => named.Contains(v.Name))) entry.AddShared(variable);
        if (entry.StaticShared > StaticSharedLimit)
        {
            throw PtxException.At(place, $"{entry.Name} has {entry.StaticShared} bytes of static shared memory, limit {StaticSharedLimit}");
        }
        // Dynamic shared memory begins where the static ends; a kernel that has none sees the block's whole memory from there on.
        int start = (entry.StaticShared + 15) / 16 * 16;
        foreach (string name in _dynamicShared) entry.Symbols[name] = (Space.Shared, (ulong)start);
        Opcodes.Bind(entry);
        _module.Entries.Add(entry.Name, entry);
    }

    // Unsized and extern: dynamic. Otherwise an array of a function that several kernels of the file share; each that names it has its own.
    private void Shared(Place place, bool external)
    {
        var variable = VariableReader.Read(_tokens);
        _tokens.Expect(";");
        if (external != (variable.Bytes == 0))
        {
            throw PtxException.At(place, $"{variable.Name}: shared memory must be sized, or extern and unsized");
        }
        if (external) _dynamicShared.Add(variable.Name);
        else _staticShared.Add(variable);
    }

    private void Global(Place place)
    {
        var variable = VariableReader.Read(_tokens);
        byte[] bytes = new byte[variable.Bytes];
        if (_tokens.Skip("="))
        {
            int width = variable.Type.Bytes, at = 0;
            bool list = _tokens.Skip("{");
            do
            {
                string text = _tokens.Take();
                if (!TryBits(text, out ulong bits))
                {
                    throw PtxException.At(place, $"{variable.Name}: cannot read the initial value '{text}'");
                }
                for (int k = 0; k < width; k++) bytes[at++] = (byte)(bits >> (8 * k));
            }
            while (_tokens.Skip(","));
            if (list) _tokens.Expect("}");
        }
        _tokens.Expect(";");
        _module.Globals[variable.Name] = (_nextGlobal, bytes);
        _nextGlobal += 1UL << 20;
    }

    /// <summary>The bits of a literal: decimal, 0x…, 0f… or 0d….</summary>
    public static bool TryBits(string text, out ulong bits)
    {
        if (text.StartsWith("0f", StringComparison.OrdinalIgnoreCase) || text.StartsWith("0d", StringComparison.OrdinalIgnoreCase) ||
            text.StartsWith("0x", StringComparison.OrdinalIgnoreCase))
        {
            return ulong.TryParse(text.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out bits);
        }
        if (long.TryParse(text, CultureInfo.InvariantCulture, out long signed))
        {
            bits = (ulong)signed;
            return true;
        }
        return ulong.TryParse(text, CultureInfo.InvariantCulture, out bits);
    }
}

/// <summary>A declared variable: [.align N] .type name[count], with its size and alignment in bytes.</summary>
public readonly record struct VariableReader(string Name, PtxType Type, int Bytes, int Align)
{
    public static VariableReader Read(Tokens tokens)
    {
        Place place = tokens.Place;
        int align = tokens.Skip(".align") ? tokens.Number() : 0;
        string typeName = tokens.Take();
        if (!PtxType.TryParse(typeName.TrimStart('.'), out PtxType type)) throw PtxException.At(place, $"unknown type '{typeName}'");
        string name = tokens.Take();
        int count = 1;
        if (tokens.Skip("["))
        {
            count = tokens.Peek() == "]" ? 0 : tokens.Number();
            tokens.Expect("]");
        }
        return new VariableReader(name, type, count * type.Bytes, align == 0 ? type.Bytes : align);
    }
}

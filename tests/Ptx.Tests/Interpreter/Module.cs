namespace Ptx.Tests.Interpreter;

public enum OperandKind
{
    Register,
    Integer,
    Float32,
    Float64,
    Name,
    Address,
    Vector,
    Pair,
    Sink,
    List,
}

/// <summary>An operand as it was written. Registers carry their slot, numbers their bits, addresses a base and an offset.</summary>
public sealed record Operand(OperandKind Kind, string Text, int Slot = -1, ulong Bits = 0, IReadOnlyList<Operand>? Parts = null)
{
    public override string ToString() => Text;
}

/// <summary>One instruction; Run is what the table of opcodes made of it.</summary>
public sealed class Instruction(Place place, string opcode, int guard, bool negated, IReadOnlyList<Operand> operands)
{
    public readonly Place Place = place;
    public readonly string Opcode = opcode;
    public readonly int Guard = guard;
    public readonly bool Negated = negated;
    public readonly IReadOnlyList<Operand> Operands = operands;

    /// <summary>Executes the instruction for the warp's active lanes.</summary>
    public Action<Warp> Run = static _ => { };

    /// <summary>For instructions of a whole warp: the lanes that must stand here together, given one lane's registers. Null
    /// otherwise.</summary>
    public Func<Warp, int, uint>? Members;
}

/// <summary>A slot of the register file: a declared register, a constant, or a special register.</summary>
public readonly record struct Slot(string Name, PtxType Type);

/// <summary>A parameter of a kernel and where it lies in the parameter block.</summary>
public readonly record struct Parameter(string Name, PtxType Type, int Offset, int Bytes);

/// <summary>A kernel: parameters, register slots, static shared memory and code.</summary>
public sealed class Entry(string name)
{
    private readonly Dictionary<ulong, int> _constants = [];
    private readonly Dictionary<string, int> _special = [];

    public readonly string Name = name;
    public readonly List<Parameter> Parameters = [];
    public readonly List<Slot> Slots = [];
    public readonly Dictionary<int, ulong> Constants = [];
    public readonly Dictionary<int, string> Specials = [];
    public readonly Dictionary<string, (Space Space, ulong Address)> Symbols = [];
    public readonly Dictionary<string, int> Labels = [];
    public readonly Dictionary<string, IReadOnlyList<string>> Tables = [];
    public readonly List<Instruction> Code = [];

    public int ParameterBytes, StaticShared, LocalBytes, MaxThreads = 1024;

    /// <summary>Gives a static array its place in the block's shared memory.</summary>
    public void AddShared(VariableReader variable)
    {
        StaticShared = (StaticShared + variable.Align - 1) / variable.Align * variable.Align;
        Symbols[variable.Name] = (Space.Shared, (ulong)StaticShared);
        StaticShared += variable.Bytes;
    }

    public int AddSlot(string slotName, PtxType type)
    {
        Slots.Add(new Slot(slotName, type));
        return Slots.Count - 1;
    }

    /// <summary>The slot that holds a number in every lane.</summary>
    public int Constant(ulong bits)
    {
        if (_constants.TryGetValue(bits, out int slot)) return slot;
        slot = AddSlot($"constant {bits}", PtxType.B64);
        _constants[bits] = slot;
        Constants[slot] = bits;
        return slot;
    }

    /// <summary>The slot of a special register such as %tid.x.</summary>
    public int Special(string specialName)
    {
        if (_special.TryGetValue(specialName, out int slot)) return slot;
        slot = AddSlot(specialName, PtxType.U32);
        _special[specialName] = slot;
        Specials[slot] = specialName;
        return slot;
    }
}

public enum Space
{
    Generic,
    Global,
    Shared,
    Local,
    Param,
    Const,
}

/// <summary>A PTX text after parsing: every opcode known, every operand checked.</summary>
public sealed class Module(string path)
{
    public readonly string Path = path;
    public string Target = "";
    public readonly Dictionary<string, Entry> Entries = [];

    /// <summary>Constant tables of the module: name, bytes.</summary>
    public readonly Dictionary<string, (ulong Address, byte[] Bytes)> Globals = [];
}

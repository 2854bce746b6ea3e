using System.Numerics;

namespace Ptx.Tests.Interpreter;

/// <summary>An instruction while its opcode is bound: hands out operands as indices into the register file, checked by type.</summary>
public sealed class Site(Entry entry, Instruction instruction)
{
    public readonly Entry Entry = entry;
    public readonly Instruction Instruction = instruction;
    public readonly string[] Parts = instruction.Opcode.Split('.');

    /// <summary>The type that ends the opcode.</summary>
    public PtxType Type => TypeAt(^1);

    public PtxType TypeAt(Index part) => PtxType.TryParse(Parts[part], out PtxType type) ? type
        : throw Fault($"has no type as its part {part}");

    public bool Has(string part) => Array.IndexOf(Parts, part) > 0;

    public PtxException Fault(string what) => PtxException.At(Instruction.Place, $"{Instruction.Opcode} {what}");

    public void Count(int least, int most = -1)
    {
        int found = Instruction.Operands.Count;
        if (found < least || found > Math.Max(least, most))
        {
            throw Fault($"takes {least}{(most > least ? $" to {most}" : "")} operands, found {found}");
        }
    }

    public Operand this[int k] => Instruction.Operands[k];

    /// <summary>A destination register of a type; relaxed as ld and cvt are.</summary>
    public int Out(Operand operand, PtxType type, bool relaxed = false)
    {
        if (operand.Kind == OperandKind.Sink) return 32 * Entry.AddSlot("_", type);
        if (operand.Kind != OperandKind.Register || Entry.Specials.ContainsKey(operand.Slot)) throw Fault($"cannot write to {operand}");
        Check(operand, type, relaxed);
        return 32 * operand.Slot;
    }

    public int Out(int k, PtxType type) => Out(this[k], type);

    /// <summary>A source of a type: a register, or a number or address that becomes a constant slot.</summary>
    public int In(Operand operand, PtxType type, bool relaxed = false)
    {
        switch (operand.Kind)
        {
            case OperandKind.Register:
                Check(operand, type, relaxed);
                return 32 * operand.Slot;
            case OperandKind.Integer when type.Kind != Kind.Float:
                long value = (long)operand.Bits;
                int bits = 8 * type.Bytes;
                if (bits < 64 && (value < -(1L << (bits - 1)) || value >= 1L << bits)) throw Fault($"{operand} does not fit {type}");
                return 32 * Entry.Constant(operand.Bits & type.Mask);
            case OperandKind.Float32 when type.Bytes == 4 && type.Kind is Kind.Float or Kind.Bits:
            case OperandKind.Float64 when type.Bytes == 8 && type.Kind is Kind.Float or Kind.Bits:
                return 32 * Entry.Constant(operand.Bits);
            case OperandKind.Name when Entry.Symbols.TryGetValue(operand.Text, out var symbol) && type.Kind != Kind.Float:
                return 32 * Entry.Constant(symbol.Address);
            default:
                throw Fault($"wants {type}, found {operand}");
        }
    }

    public int In(int k, PtxType type) => In(this[k], type);

    private void Check(Operand operand, PtxType type, bool relaxed)
    {
        PtxType register = Entry.Slots[operand.Slot].Type;
        if (!(relaxed ? type.AgreesOrFits(register) : type.Agrees(register))) throw Fault($"wants {type}, {operand.Text} is {register}");
    }

    /// <summary>The parts of a {…} operand, `count` of them.</summary>
    public IReadOnlyList<Operand> Vector(int k, int count)
    {
        if (this[k].Kind != OperandKind.Vector || this[k].Parts!.Count != count)
        {
            throw Fault($"wants {{…}} with {count} registers as operand {k + 1}, found {this[k]}");
        }
        return this[k].Parts!;
    }

    /// <summary>An address [base+offset]: the index of its base, and the offset. Global and generic addresses are 64 bits wide.</summary>
    public (int Base, ulong Offset) Address(int k, Space space)
    {
        Operand operand = this[k];
        if (operand.Kind != OperandKind.Address) throw Fault($"wants an address as operand {k + 1}, found {operand}");
        Operand name = operand.Parts![0];
        if (name.Kind == OperandKind.Register)
        {
            PtxType type = Entry.Slots[name.Slot].Type;
            bool narrow = space is Space.Shared or Space.Local && type.Bytes == 4;
            if (type.Kind is Kind.Float or Kind.Predicate || (type.Bytes != 8 && !narrow))
            {
                throw Fault($"cannot use {name} as an address, it is {type}");
            }
            return (32 * name.Slot, operand.Bits);
        }
        if (!Entry.Symbols.TryGetValue(name.Text, out var symbol)) throw Fault($"knows no variable {name}");
        if (space != symbol.Space && space is not (Space.Generic or Space.Const)) throw Fault($"{name} is in {symbol.Space} memory");
        return (32 * Entry.Constant(symbol.Address), operand.Bits);
    }
}

/// <summary>Loops over the active lanes.</summary>
public static class Lanes
{
    public static Action<Warp> Unary(int d, int a, Func<ulong, ulong> f) => warp =>
    {
        ulong[] r = warp.Registers;
        for (uint m = warp.Active; m != 0; m &= m - 1)
        {
            int lane = BitOperations.TrailingZeroCount(m);
            r[d + lane] = f(r[a + lane]);
        }
    };

    public static Action<Warp> Binary(int d, int a, int b, Func<ulong, ulong, ulong> f) => warp =>
    {
        ulong[] r = warp.Registers;
        for (uint m = warp.Active; m != 0; m &= m - 1)
        {
            int lane = BitOperations.TrailingZeroCount(m);
            r[d + lane] = f(r[a + lane], r[b + lane]);
        }
    };

    public static Action<Warp> Ternary(int d, int a, int b, int c, Func<ulong, ulong, ulong, ulong> f) => warp =>
    {
        ulong[] r = warp.Registers;
        for (uint m = warp.Active; m != 0; m &= m - 1)
        {
            int lane = BitOperations.TrailingZeroCount(m);
            r[d + lane] = f(r[a + lane], r[b + lane], r[c + lane]);
        }
    };

    /// <summary>An action for each active lane; the warp's Lane says which it is.</summary>
    public static Action<Warp> Each(Action<Warp, int> action) => warp =>
    {
        for (uint m = warp.Active; m != 0; m &= m - 1)
        {
            int lane = BitOperations.TrailingZeroCount(m);
            warp.Lane = lane;
            action(warp, lane);
        }
    };
}

namespace Ptx.Tests.Interpreter;

/// <summary>Reads the body of a kernel: declarations in their scopes, labels, instructions.</summary>
public sealed class BodyParser(Tokens tokens, Entry entry, Dictionary<string, int> externals)
{
    private readonly Stack<Dictionary<string, int>> _scopes = new();

    public void Parse()
    {
        tokens.Expect("{");
        _scopes.Push([]);
        while (_scopes.Count > 0) Statement();
    }

    private void Statement()
    {
        Place place = tokens.Place;
        string word = tokens.Take();
        switch (word)
        {
            case "{": _scopes.Push([]); return;
            case "}": _scopes.Pop(); return;
            case ";": return;
            case ".reg": Registers(place); return;
            case ".param": CallParameter(place); return;
            case ".shared": Shared(); return;
            case ".local": Local(); return;
            case ".pragma":
                tokens.Take();
                tokens.Expect(";");
                return;
        }
        if (tokens.Skip(":"))
        {
            Label(place, word);
            return;
        }
        int guard = -1;
        bool negated = false;
        if (word == "@")
        {
            negated = tokens.Skip("!");
            guard = Register(place, tokens.Take());
            if (entry.Slots[guard].Type.Kind != Kind.Predicate)
            {
                throw PtxException.At(place, $"{entry.Slots[guard].Name} guards an instruction but is no predicate");
            }
            place = tokens.Place;
            word = tokens.Take();
        }
        var operands = new List<Operand>();
        while (!tokens.Skip(";"))
        {
            if (operands.Count > 0) tokens.Expect(",");
            operands.Add(ReadOperand());
        }
        if (word.StartsWith("call", StringComparison.Ordinal)) CheckCall(place, operands);
        entry.Code.Add(new Instruction(place, word, guard, negated, operands));
    }

    private void CheckCall(Place place, List<Operand> operands)
    {
        Operand? name = operands.Find(o => o.Kind == OperandKind.Name);
        int given = operands.Count > 0 && operands[^1].Kind == OperandKind.List ? operands[^1].Parts!.Count : 0;
        if (name == null || !externals.TryGetValue(name.Text, out int wanted))
        {
            throw PtxException.At(place, $"call of {name?.Text ?? "nothing"}, which is not declared");
        }
        if (given != wanted) throw PtxException.At(place, $"{name.Text} takes {wanted} arguments, found {given}");
    }

    private void Registers(Place place)
    {
        string typeName = tokens.Take();
        if (!PtxType.TryParse(typeName.TrimStart('.'), out PtxType type))
        {
            throw PtxException.At(place, $"unknown register type '{typeName}'");
        }
        do
        {
            string name = tokens.Take();
            if (tokens.Skip("<"))
            {
                int count = tokens.Number();
                tokens.Expect(">");
                for (int k = 0; k < count; k++) _scopes.Peek()[name + k] = entry.AddSlot(name + k, type);
            }
            else
            {
                _scopes.Peek()[name] = entry.AddSlot(name, type);
            }
        }
        while (tokens.Skip(","));
        tokens.Expect(";");
    }

    // A parameter of a call: it lives in a slot of its own.
    private void CallParameter(Place place)
    {
        var variable = VariableReader.Read(tokens);
        tokens.Expect(";");
        if (variable.Bytes > 8) throw PtxException.At(place, $"{variable.Name}: parameters of calls are single values");
        _scopes.Peek()[variable.Name] = entry.AddSlot(variable.Name, variable.Type);
    }

    private void Shared()
    {
        var variable = VariableReader.Read(tokens);
        tokens.Expect(";");
        entry.AddShared(variable);
    }

    private void Local()
    {
        var variable = VariableReader.Read(tokens);
        tokens.Expect(";");
        entry.Symbols[variable.Name] = (Space.Local, (ulong)entry.LocalBytes);
        entry.LocalBytes += (variable.Bytes + 15) / 16 * 16;
    }

    private void Label(Place place, string name)
    {
        if (tokens.Skip(".branchtargets"))
        {
            var targets = new List<string>();
            do targets.Add(tokens.Take());
            while (tokens.Skip(","));
            tokens.Expect(";");
            entry.Tables[name] = targets;
            return;
        }
        if (!entry.Labels.TryAdd(name, entry.Code.Count)) throw PtxException.At(place, $"the label {name} stands twice");
    }

    private int Register(Place place, string name)
    {
        foreach (var scope in _scopes)
        {
            if (scope.TryGetValue(name, out int slot)) return slot;
        }
        throw PtxException.At(place, $"{name} is not declared");
    }

    private List<Operand> Until(string close)
    {
        var parts = new List<Operand>();
        while (!tokens.Skip(close))
        {
            if (parts.Count > 0) tokens.Expect(",");
            parts.Add(ReadOperand());
        }
        return parts;
    }

    private Operand ReadOperand()
    {
        Place place = tokens.Place;
        string word = tokens.Take();
        if (word == "[") return Address(place);
        if (word == "{") return new Operand(OperandKind.Vector, "{…}", Parts: Until("}"));
        if (word == "(") return new Operand(OperandKind.List, "(…)", Parts: Until(")"));
        if (word == "_") return new Operand(OperandKind.Sink, word);
        Operand single = Single(place, word);
        return tokens.Skip("|") ? new Operand(OperandKind.Pair, word, Parts: [single, Single(place, tokens.Take())]) : single;
    }

    private Operand Single(Place place, string word)
    {
        if (word.StartsWith('%'))
        {
            int special = SpecialRegisters.Slot(entry, word);
            return new Operand(OperandKind.Register, word, special >= 0 ? special : Register(place, word));
        }
        if (char.IsAsciiDigit(word[0]) || word[0] == '-')
        {
            if (!Parser.TryBits(word, out ulong bits)) throw PtxException.At(place, $"cannot read the number '{word}'");
            OperandKind kind = word.StartsWith("0f", StringComparison.OrdinalIgnoreCase) ? OperandKind.Float32
                : word.StartsWith("0d", StringComparison.OrdinalIgnoreCase) ? OperandKind.Float64 : OperandKind.Integer;
            return new Operand(kind, word, Bits: bits);
        }
        foreach (var scope in _scopes)
        {
            if (scope.TryGetValue(word, out int slot)) return new Operand(OperandKind.Register, word, slot);
        }
        return new Operand(OperandKind.Name, word);
    }

    private Operand Address(Place place)
    {
        Operand name = Single(place, tokens.Take());
        ulong offset = 0;
        if (tokens.Skip("+") || tokens.Peek().StartsWith('-'))
        {
            string text = tokens.Take();
            if (!Parser.TryBits(text, out offset)) throw PtxException.At(place, $"cannot read the offset '{text}'");
        }
        tokens.Expect("]");
        return new Operand(OperandKind.Address, name.Text, name.Slot, offset, [name]);
    }
}

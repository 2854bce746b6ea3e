namespace Engine.Tensors.Torch;

/// <summary>Reads a pickle as data: opcodes build values, calls go through <see cref="PickleTable"/>, and nothing is ever run.</summary>
/// <remarks>
/// Opcodes as in Python's pickletools, protocols 2 to 5 without what torch.save never writes. Every opcode takes constant time or time in
/// proportion to the bytes or values it consumes, so a pickle of n bytes costs O(n).
/// </remarks>
internal sealed class PickleMachine
{
    private const int MostOpcodes = 1_000_000;

    private readonly PickleBytes _bytes;
    private readonly PickleStack _stack;
    private readonly PickleMaker _maker;

    private PickleMachine(byte[] pickle, string path, IReadOnlyDictionary<string, ZipRecord> records, string prefix)
    {
        _bytes = new PickleBytes(pickle, path);
        _stack = new PickleStack(_bytes);
        _maker = new PickleMaker(_bytes, records, prefix);
    }

    /// <summary>Reads a pickle.</summary>
    /// <param name="pickle">all of it</param>
    /// <param name="path">of the archive, for messages</param>
    /// <param name="records">of the archive, among them the storages</param>
    /// <param name="prefix">folder inside the archive, the slash included</param>
    /// <returns>null, bool, long, double, big integer, text or one of the pickle values</returns>
    public static object? Read(byte[] pickle, string path, IReadOnlyDictionary<string, ZipRecord> records, string prefix)
        => new PickleMachine(pickle, path, records, prefix).Run();

    private object? Run()
    {
        if (_bytes.Left < 2 || _bytes.Byte() != 0x80 || _bytes.Byte() is < 2 or > 5)
        {
            throw _bytes.Wrong("does not begin with a protocol of 2 to 5");
        }

        for (int count = 0; count < MostOpcodes; count++)
        {
            byte opcode = _bytes.Byte();
            if (opcode == '.')
            {
                return _stack is { Count: 1, Marks: 0 } && _bytes.Left == 0
                    ? _stack.Pop()
                    : throw _bytes.Wrong($"stops with {_stack.Count} values, {_stack.Marks} marks and {_bytes.Left} bytes left; one value was expected");
            }

            if (!Constant(opcode) && !Container(opcode) && !Object(opcode))
            {
                throw _bytes.Wrong($"has opcode 0x{opcode:x2}, which torch.save does not write");
            }
        }

        throw _bytes.Wrong($"has more than {MostOpcodes} opcodes");
    }

    private bool Constant(byte opcode)
    {
        switch (opcode)
        {
            case (byte)'N': _stack.Push(null); return true;
            case 0x88: _stack.Push(true); return true;
            case 0x89: _stack.Push(false); return true;
            case (byte)'J': _stack.Push((long)_bytes.I32()); return true;
            case (byte)'K': _stack.Push((long)_bytes.Byte()); return true;
            case (byte)'M': _stack.Push((long)_bytes.U16()); return true;
            case 0x8a: _stack.Push(_bytes.Integer(_bytes.Byte())); return true;
            case (byte)'G': _stack.Push(_bytes.Real()); return true;
            case (byte)'X': _stack.Push(_bytes.Text(_bytes.U32())); return true;
            case 0x8c: _stack.Push(_bytes.Text(_bytes.Byte())); return true;
            case 0x8d: _stack.Push(_bytes.Text(_bytes.I64())); return true;
            case (byte)'U': _stack.Push(_bytes.Latin(_bytes.Byte())); return true;
            case (byte)'T': _stack.Push(_bytes.Latin(_bytes.I32())); return true;
            case (byte)'B': Bytes(_bytes.U32()); return true;
            case (byte)'C': Bytes(_bytes.Byte()); return true;
            case 0x8e: Bytes(_bytes.I64()); return true;
            default: return false;
        }
    }

    private bool Container(byte opcode)
    {
        switch (opcode)
        {
            case (byte)'(': _stack.Mark(); return true;
            case (byte)')': _stack.Push(PickleTuple.Empty); return true;
            case 0x85: _stack.Push(_stack.PopTuple(1)); return true;
            case 0x86: _stack.Push(_stack.PopTuple(2)); return true;
            case 0x87: _stack.Push(_stack.PopTuple(3)); return true;
            case (byte)'t': _stack.Push(new PickleTuple(_stack.PopToMark())); return true;
            case (byte)']': _stack.Push(new PickleList()); return true;
            case (byte)'a': Append([_stack.Pop()]); return true;
            case (byte)'e': Append(_stack.PopToMark()); return true;
            case (byte)'}': _stack.Push(new PickleDict()); return true;
            case (byte)'s': SetItems(_stack.PopTuple(2).Items); return true;
            case (byte)'u': SetItems(_stack.PopToMark()); return true;
            case 0x8f: _stack.Push(new PickleOpaque(null)); return true;
            case 0x90: AddToSet(_stack.PopToMark()); return true;
            case 0x91: _stack.PopToMark(); _stack.Push(new PickleOpaque(null)); return true;
            case (byte)'0': _stack.Pop(); return true;
            case (byte)'1': _stack.PopToMark(); return true;
            case (byte)'2': _stack.Push(_stack.Top); return true;
            case (byte)'q': _stack.Put(_bytes.Byte()); return true;
            case (byte)'r': _stack.Put(_bytes.U32()); return true;
            case 0x94: _stack.Memoize(); return true;
            case (byte)'h': _stack.Get(_bytes.Byte()); return true;
            case (byte)'j': _stack.Get(_bytes.U32()); return true;
            case 0x95: Frame(_bytes.I64()); return true;
            default: return false;
        }
    }

    private bool Object(byte opcode)
    {
        switch (opcode)
        {
            case (byte)'c': Global(_bytes.Line(), _bytes.Line()); return true;
            case 0x93: GlobalOfStack(); return true;
            case (byte)'R' or 0x81: Call(_stack.PopTuple(2).Items); return true;
            case 0x92: CallWithNames(_stack.PopTuple(3).Items); return true;
            case (byte)'b': SetState(); return true;
            case (byte)'Q': _stack.Push(_maker.Storage(_stack.Pop())); return true;
            case (byte)'i': Global(_bytes.Line(), _bytes.Line()); throw Old("INST");
            case (byte)'o': throw Old(_stack.PopToMark() is [var first, ..] ? $"OBJ of {PickleMaker.Describe(first)}" : "OBJ");
            case (byte)'P': throw Old("PERSID");
            case 0x82: throw Extension(_bytes.Byte());
            case 0x83: throw Extension(_bytes.U16());
            case 0x84: throw Extension(_bytes.I32());
            default: return false;
        }
    }

    private void Global(string module, string name) => _stack.Push(_maker.Global(module, name));

    private void GlobalOfStack()
    {
        if (_stack.PopTuple(2).Items is not [string module, string name])
        {
            throw _bytes.Wrong("asks for a global by something else than two names");
        }

        Global(module, name);
    }

    private void Call(object?[] pair) => _stack.Push(_maker.Call(pair[0], pair[1]));

    private void CallWithNames(object?[] triple)
    {
        object? made = _maker.Call(triple[0], triple[1]);
        _stack.Push(triple[2] is PickleDict ? made : throw _bytes.Wrong($"calls {PickleMaker.Describe(triple[0])} with names that are no dictionary"));
    }

    /// <summary>An object's state is dropped: only what is in containers is looked at.</summary>
    private void SetState()
    {
        _stack.Pop();
        if (_stack.Top is not (PickleDict or PickleList or PickleOpaque))
        {
            throw _bytes.Wrong($"sets the state of {PickleMaker.Describe(_stack.Top)}");
        }
    }

    private void Bytes(long count)
    {
        _bytes.Skip(count);
        _stack.Push(new PickleOpaque(null));
    }

    private void Frame(long count)
    {
        if (count < 0 || count > _bytes.Left)
        {
            throw _bytes.Wrong($"has a frame of {(ulong)count} bytes, {_bytes.Left} are left");
        }
    }

    private void Append(object?[] values)
    {
        // Objects of allowed classes, sets for example, take values too; nothing is known of them afterwards.
        if (_stack.Top is PickleList list)
        {
            foreach (object? value in values)
            {
                list.Add(value);
            }
        }
        else if (_stack.Top is not PickleOpaque)
        {
            throw _bytes.Wrong($"appends to {PickleMaker.Describe(_stack.Top)}");
        }
    }

    private void AddToSet(object?[] values)
    {
        if (_stack.Top is not PickleOpaque)
        {
            throw _bytes.Wrong($"adds {values.Length} values to {PickleMaker.Describe(_stack.Top)}");
        }
    }

    private void SetItems(object?[] pairs)
    {
        if (pairs.Length % 2 != 0)
        {
            throw _bytes.Wrong("sets a key without a value");
        }

        if (_stack.Top is PickleDict dict)
        {
            for (int i = 0; i < pairs.Length; i += 2)
            {
                var (text, isText) = _maker.Key(pairs[i]);
                dict.Add(text, isText, pairs[i + 1]);
            }
        }
        else if (_stack.Top is not PickleOpaque)
        {
            throw _bytes.Wrong($"sets an item of {PickleMaker.Describe(_stack.Top)}");
        }
    }

    private DwarfException Old(string what) => _bytes.Wrong($"has {what}, which torch.save does not write");

    private DwarfException Extension(int code) => _bytes.Wrong($"asks for extension {code}; nothing but tensors, numbers, text and plain containers is read");
}

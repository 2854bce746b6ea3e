namespace Engine.Tensors.Torch;

/// <summary>Stack, marks and memo of a pickle.</summary>
internal sealed class PickleStack(PickleBytes bytes)
{
    private readonly List<object?> _values = [];
    private readonly List<int> _marks = [];
    private readonly List<object?> _memo = [];

    public int Count => _values.Count;

    public int Marks => _marks.Count;

    public void Push(object? value) => _values.Add(value);

    public void Mark() => _marks.Add(_values.Count);

    public object? Top => _values.Count > Floor ? _values[^1] : throw Empty();

    public object? Pop()
    {
        object? top = Top;
        _values.RemoveAt(_values.Count - 1);
        return top;
    }

    /// <summary>All above the last mark, which goes too.</summary>
    public object?[] PopToMark()
    {
        if (_marks.Count == 0)
        {
            throw bytes.Wrong("looks for a mark that is not there");
        }

        int mark = _marks[^1];
        object?[] items = _values.Count == mark ? [] : _values.GetRange(mark, _values.Count - mark).ToArray();
        _values.RemoveRange(mark, _values.Count - mark);
        _marks.RemoveAt(_marks.Count - 1);
        return items;
    }

    public PickleTuple PopTuple(int count)
    {
        var items = new object?[count];
        for (int i = count - 1; i >= 0; i--)
        {
            items[i] = Pop();
        }

        return new PickleTuple(items);
    }

    /// <summary>Remembers the top. Writers number what they remember 0, 1, 2, …, so the memo is a list and no hash to attack.</summary>
    public void Put(long index)
    {
        if (index > _memo.Count || index < 0)
        {
            throw bytes.Wrong($"remembers value {index}, {_memo.Count} would be next");
        }

        if (index == _memo.Count)
        {
            _memo.Add(Top);
        }
        else
        {
            _memo[(int)index] = Top;
        }
    }

    public void Memoize() => _memo.Add(Top);

    public void Get(long index) => Push(index >= 0 && index < _memo.Count
        ? _memo[(int)index]
        : throw bytes.Wrong($"asks for value {index}, it remembers {_memo.Count}"));

    private int Floor => _marks.Count > 0 ? _marks[^1] : 0;

    private DwarfException Empty() => bytes.Wrong("takes a value from an empty stack");
}

using System.Globalization;
using System.Numerics;
using Engine.Tensors.Safetensors;

namespace Engine.Tensors.Torch;

/// <summary>Walks what a pickle held and names its tensors: keys and positions joined with dots.</summary>
internal sealed class TorchTree(string path)
{
    private const int Deepest = 64;
    private const int LongestName = 2_000;
    private const int MostValues = 1_000_000;
    private const int MostText = 1 << 24;

    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private int _values;
    private long _text;

    /// <summary>The tensors, in the order of the file.</summary>
    public List<(string Name, PickleTensor Tensor)> Tensors { get; } = [];

    /// <summary>Numbers and text that dictionaries hold under text keys, such as the epoch.</summary>
    public Dictionary<string, string> Metadata { get; } = new(StringComparer.Ordinal);

    /// <summary>Walks a value.</summary>
    /// <param name="value">of a pickle</param>
    public void Walk(object? value) => Walk(value, "", 0, scalars: true);

    private void Walk(object? value, string name, int depth, bool scalars)
    {
        // A value that many containers share is walked under each of its names: the limit is what stops ten to the power of k of them.
        if (depth > Deepest || ++_values > MostValues)
        {
            throw Wrong(depth > Deepest
                ? $"'{SafetensorsFile.Printable(name)}' is nested deeper than {Deepest}"
                : $"it unfolds to more than {MostValues} values");
        }

        switch (value)
        {
            case PickleTensor tensor:
                Add(name.Length > 0 ? name : "tensor", tensor);
                break;
            case PickleDict { Items: { } items }:
                foreach (var (key, isText, item) in items)
                {
                    Walk(item, Join(name, key), depth + 1, scalars && isText);
                }

                break;
            case PickleList { Items: { } items }:
                WalkRow(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(items), name, depth);
                break;
            case PickleTuple { Items: var items }:
                WalkRow(items, name, depth);
                break;
            default:
                if (scalars && name.Length > 0 && Text(value is PickleOpaque opaque ? opaque.Value : value) is { } text)
                {
                    Count(text.Length);
                    Metadata[name] = text;
                }

                break;
        }
    }

    private void WalkRow(ReadOnlySpan<object?> items, string name, int depth)
    {
        for (int i = 0; i < items.Length; i++)
        {
            Walk(items[i], items[i] is PickleTensor or PickleDict or PickleList or PickleTuple ? Join(name, Text((long)i)!) : "", depth + 1, false);
        }
    }

    private void Add(string name, PickleTensor tensor)
    {
        if (!_names.Add(name))
        {
            throw Wrong($"two tensors are named '{SafetensorsFile.Printable(name)}'");
        }

        Tensors.Add((name, tensor));
    }

    private string Join(string name, string key)
    {
        int length = name.Length + 1 + key.Length;
        if (length > LongestName)
        {
            throw Wrong($"'{SafetensorsFile.Printable(name)}' holds a name of {key.Length} characters; at most {LongestName} in all are read");
        }

        Count(length);
        return name.Length == 0 ? key : $"{name}.{key}";
    }

    private void Count(int characters)
    {
        if ((_text += characters) > MostText)
        {
            throw Wrong($"its names and texts have more than {MostText} characters");
        }
    }

    private static string? Text(object? value) => value switch
    {
        string text => text,
        bool flag => flag ? "true" : "false",
        long number => number.ToString(CultureInfo.InvariantCulture),
        BigInteger number => number.ToString(CultureInfo.InvariantCulture),
        double number => number.ToString("R", CultureInfo.InvariantCulture),
        _ => null,
    };

    private DwarfException Wrong(string what) => new(ErrorKind.Content, $"{path}: {what}");
}

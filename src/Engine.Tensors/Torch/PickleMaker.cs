using System.Globalization;
using System.Numerics;
using Engine.Tensors.Safetensors;

namespace Engine.Tensors.Torch;

/// <summary>Makes the values that a pickle's calls would have made, from the table alone.</summary>
internal sealed class PickleMaker(PickleBytes bytes, IReadOnlyDictionary<string, ZipRecord> records, string prefix)
{
    private readonly Dictionary<string, PickleStorage> _storages = new(StringComparer.Ordinal);

    /// <summary>A global by its name, or the refusal that says which was asked for.</summary>
    public PickleGlobal Global(string module, string name) => PickleTable.Find($"{module}.{name}")
        ?? throw bytes.Wrong($"asks for {SafetensorsFile.Printable($"{module}.{name}")}; {Allowed(module)}");

    /// <summary>What a call of a global with arguments, or a new object of it, is.</summary>
    public object? Call(object? callable, object? arguments)
    {
        if (callable is not PickleGlobal global)
        {
            throw bytes.Wrong($"calls {Describe(callable)}");
        }

        if (arguments is not PickleTuple { Items: var items })
        {
            throw bytes.Wrong($"calls {global.Name} with {Describe(arguments)} instead of a tuple");
        }

        return global.Kind switch
        {
            PickleKind.Tensor => Tensor(global, items),
            PickleKind.Parameter => items is [PickleTensor tensor, ..] ? tensor : throw bytes.Wrong($"calls {global.Name} without a tensor"),
            PickleKind.Size => items is [PickleTuple size] ? size : throw bytes.Wrong($"calls {global.Name} without a tuple"),
            PickleKind.Dict => Dict(items),
            PickleKind.List => List(items),
            PickleKind.Scalar => new PickleOpaque(items is [long or BigInteger or double or bool or string, ..] ? items[0] : null),
            PickleKind.Opaque => new PickleOpaque(null),
            _ => throw bytes.Wrong($"calls {global.Name}, which makes nothing"),
        };
    }

    /// <summary>A storage by what torch.save writes in its place.</summary>
    public PickleStorage Storage(object? id)
    {
        if (id is not PickleTuple { Items: ["storage", PickleGlobal { Kind: PickleKind.Storage } type, string key, string, long count] })
        {
            throw bytes.Wrong($"names a storage by {Describe(id)} instead of kind, type, key, place and count");
        }

        if (!records.TryGetValue($"{prefix}data/{key}", out var record))
        {
            throw bytes.Wrong($"names storage '{SafetensorsFile.Printable(key)}', which the archive lacks");
        }

        if (count < 0 || count > record.Length || count * type.Element.Size() != record.Length)
        {
            throw bytes.Wrong($"says that storage '{SafetensorsFile.Printable(key)}' has {count} elements of {type.Element.Label()}, its record has {record.Length} bytes");
        }

        var storage = new PickleStorage(key, type.Element, count, record.Offset);
        return _storages.TryAdd(key, storage) || _storages[key] == storage
            ? _storages[key]
            : throw bytes.Wrong($"says that storage '{key}' is {_storages[key].Element.Label()} and {storage.Element.Label()}");
    }

    /// <summary>The text under which a dictionary keeps a key.</summary>
    public (string Text, bool IsText) Key(object? key) => key switch
    {
        string text => (text, true),
        long number => (number.ToString(CultureInfo.InvariantCulture), false),
        bool flag => (flag ? "true" : "false", false),
        double number => (number.ToString("R", CultureInfo.InvariantCulture), false),
        PickleOpaque { Value: string text } => (text, true),
        null => ("none", false),
        _ => throw bytes.Wrong($"uses {Describe(key)} as a key; text and numbers are read"),
    };

    public static string Describe(object? value) => value switch
    {
        null => "None",
        bool or long or BigInteger or double => "a number",
        string => "text",
        PickleGlobal global => global.Name,
        PickleDict => "a dictionary",
        PickleList => "a list",
        PickleTuple => "a tuple",
        PickleStorage => "a storage",
        PickleTensor => "a tensor",
        _ => "an object",
    };

    /// <summary>Sizes and strides are checked against the storage here, so that nothing later can reach outside of it.</summary>
    private PickleTensor Tensor(PickleGlobal global, object?[] items)
    {
        if (items is not [PickleStorage storage, long offset, PickleTuple { Items: var size }, PickleTuple { Items: var stride }, ..]
            || items.Length is not (4 or 6 or 7) || size.Length != stride.Length)
        {
            throw bytes.Wrong($"calls {global.Name} with other arguments than storage, offset, size and stride");
        }

        if (size.Length > Shape.MaxRank)
        {
            throw bytes.Wrong($"holds a tensor of {size.Length} axes; at most {Shape.MaxRank} are read");
        }

        Shape shape;
        var (sizes, strides) = (Array.ConvertAll(size, Number), Array.ConvertAll(stride, Number));
        try
        {
            shape = new Shape(sizes);
        }
        catch (ShapeException error)
        {
            throw bytes.Wrong($"holds a tensor that cannot be: {error.Message}");
        }

        // 128 bits hold the sum of eight products of two 63-bit numbers.
        Int128 last = offset;
        for (int axis = 0; axis < sizes.Length; axis++)
        {
            last += (Int128)Math.Max(sizes[axis] - 1, 0) * strides[axis];
        }

        bool inside = offset >= 0 && (shape.Count == 0 ? offset <= storage.Count : last < storage.Count);
        return !inside
            ? throw bytes.Wrong(
                $"holds a tensor {shape} at {offset} with strides [{string.Join(",", strides)}], which leaves its storage of {storage.Count} elements")
            : shape.Count > storage.Count
            ? throw bytes.Wrong($"holds a tensor {shape} that repeats the {storage.Count} elements of its storage")
            : new PickleTensor(storage, offset, shape, strides);
    }

    private long Number(object? value) => value is long and >= 0 and var number
        ? number
        : throw bytes.Wrong($"holds a size or stride that is no number of at least 0 but {(value is long less ? less : Describe(value))}");

    /// <summary>Python 2 gave an OrderedDict its content as a list of pairs.</summary>
    private PickleDict Dict(object?[] items)
    {
        var dict = new PickleDict();
        if (items is [PickleList { Items: { } pairs }])
        {
            foreach (object? pair in pairs)
            {
                object?[]? two = pair switch
                {
                    PickleTuple tuple => tuple.Items,
                    PickleList { Items: { Count: 2 } list } => [list[0], list[1]],
                    _ => null,
                };
                if (two is not [var key, var value])
                {
                    throw bytes.Wrong("makes a dictionary of something else than pairs");
                }

                var (text, isText) = Key(key);
                dict.Add(text, isText, value);
            }
        }

        return dict;
    }

    private static PickleList List(object?[] items)
    {
        var list = new PickleList();
        if (items is [PickleList { Items: { } values }])
        {
            values.ForEach(list.Add);
        }

        return list;
    }

    private static string Allowed(string module) => module.StartsWith("torch", StringComparison.Ordinal) || module.Contains("model", StringComparison.OrdinalIgnoreCase)
        ? "save a state_dict() of plain tensors instead"
        : "nothing but tensors, numbers, text and plain containers is read";
}

using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Dwarf.Training.Config;

/// <summary>
/// YAML to nodes with places. It counts the parser's events before it builds anything, since deep nesting overflows the stack of
/// YamlDotNet's own node model and aliases can expand without end. No aliases, no tags, no second document, no key twice.
/// </summary>
internal sealed class YamlReader
{
    /// <summary>The largest file that is read.</summary>
    public const long MaxBytes = 1 << 20;

    private const int MaxDepth = 64;
    private const int MaxNodes = 100_000;
    private const int MaxLetters = (int)MaxBytes;

    private readonly Parser _parser;
    private readonly Func<Mark, Origin> _place;
    private readonly FaultList _faults;
    private int _nodes;

    private YamlReader(string text, Func<Mark, Origin> place, FaultList faults) =>
        (_parser, _place, _faults) = (new Parser(new StringReader(text)), place, faults);

    /// <summary>Reads a whole file's text.</summary>
    /// <returns>null where a fault made it useless; an empty file is an empty map</returns>
    public static ConfigNode? ReadFile(string text, string file, FaultList faults)
    {
        Origin Place(Mark mark) => new(file, (int)Math.Max(mark.Line, 1), (int)Math.Max(mark.Column, 1));
        ConfigNode? root = Read(text, Place, Origin.StartOf(file), faults);
        return root is ConfigScalar { IsNull: true } ? new ConfigMap(root.Origin) : root;
    }

    /// <summary>Reads the value of a --set.</summary>
    public static ConfigNode? ReadValue(string text, Origin origin, FaultList faults) => Read(text, _ => origin, origin, faults);

    private static ConfigNode? Read(string text, Func<Mark, Origin> place, Origin start, FaultList faults)
    {
        if (text.Length > MaxLetters)
        {
            faults.Add(start, "", $"at most {MaxLetters} characters are read, found {text.Length}");
            return null;
        }
        if (FirstBadLetter(text) is { } bad)
        {
            faults.Add(place(new Mark(0, bad.Line, bad.Column)), "", bad.Message);
            return null;
        }
        try
        {
            return new YamlReader(text, place, faults).Document(start);
        }
        catch (YamlException exception)
        {
            faults.Add(place(exception.Start), "", "not YAML: " + exception.Message.ReplaceLineEndings(" ").TrimEnd('.'));
        }
        catch (Exception exception) when (exception is InvalidOperationException or ArgumentException or IndexOutOfRangeException or FormatException)
        {
            // The scanner of the library is not perfect; what it trips over is not YAML either, but its words say nothing to a user.
            faults.Add(start, "", "not YAML; a bracket, brace or quotation mark may lack its partner");
        }
        return null;
    }

    private static (int Line, int Column, string Message)? FirstBadLetter(string text)
    {
        int line = 1, column = 0;
        bool indentation = true;
        foreach (char letter in text)
        {
            column++;
            if (letter == '\n')
            {
                (line, column, indentation) = (line + 1, 0, true);
                continue;
            }
            if (letter == '\t' && indentation)
            {
                return (line, column, "a tab in the indentation; YAML wants spaces");
            }
            if (char.IsControl(letter) && letter is not ('\t' or '\r' or '\u0085'))
            {
                return (line, column, $"the control character U+{(int)letter:X4}");
            }
            indentation &= letter == ' ';
        }
        return null;
    }

    private ConfigNode? Document(Origin start)
    {
        _parser.Consume<StreamStart>();
        if (_parser.TryConsume<StreamEnd>(out _))
        {
            return new ConfigScalar(start, "", IsQuoted: false);
        }
        _parser.Consume<DocumentStart>();
        ConfigNode? root = Node(0);
        if (root is null)
        {
            return null;
        }
        _parser.Consume<DocumentEnd>();
        if (!_parser.Accept<StreamEnd>(out _))
        {
            _faults.Add(_place(_parser.Current!.Start), "", "a second document; one file holds one configuration");
            return null;
        }
        return root;
    }

    /// <summary>The next value, or null after a fault that ends the reading.</summary>
    private ConfigNode? Node(int depth)
    {
        ParsingEvent next = _parser.Consume<ParsingEvent>();
        Origin origin = _place(next.Start);
        string? refusal = next switch
        {
            _ when depth > MaxDepth => $"nested deeper than {MaxDepth} levels",
            _ when ++_nodes > MaxNodes => $"more than {MaxNodes} values",
            AnchorAlias alias => $"the alias *{alias.Value}; aliases are not allowed, write the value out",
            NodeEvent { Anchor.IsEmpty: false } node => $"the anchor &{node.Anchor}; anchors are not allowed",
            NodeEvent { Tag.IsEmpty: false } node => $"the tag {node.Tag}; tags are not allowed",
            _ => null,
        };
        if (refusal is not null)
        {
            _faults.Add(origin, "", refusal);
            return null;
        }
        return next switch
        {
            Scalar scalar => new ConfigScalar(origin, scalar.Value, scalar.Style is not (ScalarStyle.Plain or ScalarStyle.Any)),
            SequenceStart => List(origin, depth),
            MappingStart => Map(origin, depth),
            _ => Unexpected(origin),
        };
    }

    private ConfigNode? Unexpected(Origin origin)
    {
        _faults.Add(origin, "", "a value was expected here");
        return null;
    }

    private ConfigList? List(Origin origin, int depth)
    {
        var items = new List<ConfigNode>();
        while (!_parser.TryConsume<SequenceEnd>(out _))
        {
            if (Node(depth + 1) is not { } item)
            {
                return null;
            }
            items.Add(item);
        }
        return new ConfigList(origin, items);
    }

    private ConfigMap? Map(Origin origin, int depth)
    {
        var map = new ConfigMap(origin);
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            if (Node(depth + 1) is not { } key)
            {
                return null;
            }
            if (key is not ConfigScalar { Text: var name })
            {
                _faults.Add(key.Origin, "", $"a key must be a name, found {key.Describe()}");
                return null;
            }
            if (Node(depth + 1) is not { } value)
            {
                return null;
            }
            if (!map.Entries.TryAdd(name, (key.Origin, value)))
            {
                _faults.Add(key.Origin, name, $"the key stands twice, first at {map.Entries[name].KeyOrigin}");
            }
        }
        return map;
    }
}

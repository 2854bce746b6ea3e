using Engine.Tensors;

namespace Dwarf.Training.Config;

/// <summary>One thing that is wrong with a configuration.</summary>
/// <param name="Place">where</param>
/// <param name="Key">dotted path of the key; empty where the fault is the file's as a whole</param>
/// <param name="Message">what was expected and what was found</param>
public sealed record Fault(Origin Place, string Key, string Message)
{
    /// <summary>file:line:column: key.path: message.</summary>
    public override string ToString() => Key.Length > 0 ? $"{Place}: {Key}: {Message}" : $"{Place}: {Message}";
}

/// <summary>A configuration that cannot be used, with all its faults; the message has one line for each.</summary>
public sealed class ConfigException(IReadOnlyList<Fault> faults)
    : DwarfException(ErrorKind.Configuration, string.Join('\n', faults))
{
    /// <summary>In the order of the files.</summary>
    public IReadOnlyList<Fault> Faults { get; } = faults;
}

/// <summary>Collects faults, so that a user sees all of them at once.</summary>
public sealed class FaultList
{
    private readonly List<Fault> _faults = [];

    /// <summary>How many so far.</summary>
    public int Count => _faults.Count;

    /// <summary>Remembers one.</summary>
    public void Add(Origin place, string key, string message) => _faults.Add(new Fault(place, key, message));

    /// <summary>Whether something is wrong with this key already.</summary>
    public bool Has(string key) => _faults.Any(fault => fault.Key == key);

    /// <summary>Does nothing if all is well.</summary>
    /// <exception cref="ConfigException">there is a fault</exception>
    public void ThrowIfAny()
    {
        if (_faults.Count > 0)
        {
            throw new ConfigException(
            [
                .. _faults.OrderBy(fault => fault.Place.Source, StringComparer.Ordinal).ThenBy(fault => fault.Place.Line).ThenBy(fault => fault.Place.Column),
            ]);
        }
    }
}

using Engine.Tensors;

namespace Dwarf.Training.Data;

/// <summary>One thing that is wrong with a data set.</summary>
/// <param name="Kind">what sort of fault, for programs: missing-image, damaged-image, bad-label and so on</param>
/// <param name="File">the file that is wrong</param>
/// <param name="Place">where in it: row and column, record and name; empty where the whole file is meant</param>
/// <param name="Message">what was expected and what was found</param>
public sealed record DataFault(string Kind, string File, string Place, string Message)
{
    /// <summary>One line: file, place, message.</summary>
    public override string ToString() => Place.Length == 0 ? $"{File}: {Message}" : $"{File}: {Place}: {Message}";
}

/// <summary>
/// Where readers report what is wrong. Training stops at the first fault and `data check` lists them all, with the same readers: what one
/// accepts the other does.
/// </summary>
public sealed class DataFaults
{
    private readonly bool _stopAtFirst;
    private readonly List<DataFault> _all = [];

    private DataFaults(bool stopAtFirst) => _stopAtFirst = stopAtFirst;

    /// <summary>What was found so far.</summary>
    public IReadOnlyList<DataFault> All => _all;

    /// <summary>Every report throws.</summary>
    public static DataFaults StopAtFirst() => new(stopAtFirst: true);

    /// <summary>Reports are kept in <see cref="All"/>.</summary>
    public static DataFaults Collect() => new(stopAtFirst: false);

    /// <summary>Reports a fault.</summary>
    /// <exception cref="DwarfException">where the first fault ends the work (content)</exception>
    public void Report(string kind, string file, string place, string message)
    {
        var fault = new DataFault(kind, file, place, message);
        _all.Add(fault);
        if (_stopAtFirst)
        {
            throw new DwarfException(kind == "missing-image" ? ErrorKind.MissingInput : ErrorKind.Content, fault.ToString());
        }
    }

    /// <summary>
    /// Runs a step whose errors name their file themselves; when collecting, an error becomes a fault and the result is null.
    /// </summary>
    public T? Try<T>(string kind, string file, Func<T> step)
        where T : class
    {
        try
        {
            return step();
        }
        catch (DwarfException error) when (!_stopAtFirst)
        {
            bool namesFile = error.Message.StartsWith(file + ": ", StringComparison.Ordinal);
            _all.Add(new DataFault(kind, file, "", namesFile ? error.Message[(file.Length + 2)..] : error.Message));
            return null;
        }
    }
}

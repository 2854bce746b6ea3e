namespace Engine.Tensors;

/// <summary>What kind of failure a <see cref="DwarfException"/> reports; the value is the exit code of the console host.</summary>
public enum ErrorKind
{
    /// <summary>Unknown verb, option, operator or attribute.</summary>
    Usage = 64,

    /// <summary>Content that is wrong: damaged file, shape, dtype, missing tensor, value out of range.</summary>
    Content = 65,

    /// <summary>A named input file or folder is not there or cannot be read.</summary>
    MissingInput = 66,

    /// <summary>Device, dtype on that device, library or memory not available.</summary>
    Unavailable = 69,

    /// <summary>A bug of ours, or training that went bad (NaN, infinity, loss spike).</summary>
    Internal = 70,

    /// <summary>Output exists and may not be replaced.</summary>
    OutputExists = 73,

    /// <summary>Input or output failed (disk full and the like).</summary>
    InputOutput = 74,

    /// <summary>Configuration: unknown or ill-typed key.</summary>
    Configuration = 78,
}

/// <summary>An error that a user can understand: its message is one clear line that says what was expected and what was found.</summary>
public class DwarfException : Exception
{
    /// <summary>Creates the error.</summary>
    /// <param name="kind">decides the exit code</param>
    /// <param name="message">one line: file or operator, place, expected, found</param>
    /// <param name="inner">the cause, shown only under --verbose</param>
    public DwarfException(ErrorKind kind, string message, Exception? inner = null)
        : base(message, inner) => Kind = kind;

    /// <summary>The kind, and with it the exit code.</summary>
    public ErrorKind Kind { get; }
}

/// <summary>A tensor has another shape than the operator or file needs.</summary>
/// <param name="message">one line: operator, input, expected, found</param>
public sealed class ShapeException(string message) : DwarfException(ErrorKind.Content, message);

/// <summary>A tensor has another dtype than the operator or file needs.</summary>
/// <param name="message">one line: operator, input, expected, found</param>
public sealed class DTypeException(string message) : DwarfException(ErrorKind.Content, message);

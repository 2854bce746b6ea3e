using Dwarf.Training.Config;
using Engine.Tensors;

namespace Dwarf.Cli;

/// <summary>What the user sees of an exception.</summary>
/// <param name="Code">the exit code of the contract</param>
/// <param name="Text">one line, or one for each fault of a configuration</param>
internal sealed record Failure(int Code, string Text)
{
    public static Failure Of(Exception exception, Interruption interruption) => exception switch
    {
        AggregateException { InnerExceptions: [var only] } => Of(only, interruption),
        // Each line of a configuration's faults begins with file:line:column, which editors and scripts look for.
        ConfigException config => new((int)config.Kind, config.Message),
        DwarfException dwarf => Line((int)dwarf.Kind, dwarf.Message),
        OperationCanceledException when interruption.Requested => Line(interruption.ExitCode, "interrupted"),
        OutOfMemoryException => Line((int)ErrorKind.Unavailable, "memory: not enough for this; smaller batches or images need less"),
        FileNotFoundException or DirectoryNotFoundException => Line((int)ErrorKind.MissingInput, exception.Message),
        UnauthorizedAccessException => Line((int)ErrorKind.MissingInput, exception.Message),
        IOException => Line((int)ErrorKind.InputOutput, exception.Message),
        DllNotFoundException => Line((int)ErrorKind.Unavailable, FirstLine(exception.Message)),
        _ => Line((int)ErrorKind.Internal, $"internal error, please report it with --verbose: {exception.GetType().Name}: {FirstLine(exception.Message)}"),
    };

    private static Failure Line(int code, string line) => new(code, $"dwarf: {line}");

    private static string FirstLine(string message) => message.Split('\n', 2)[0].TrimEnd();
}

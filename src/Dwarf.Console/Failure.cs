using Engine.Tensors;

namespace Dwarf.Cli;

/// <summary>What the user sees of an exception.</summary>
/// <param name="Code">the exit code of the contract</param>
/// <param name="Line">one line</param>
internal sealed record Failure(int Code, string Line)
{
    public static Failure Of(Exception exception, Interruption interruption) => exception switch
    {
        AggregateException { InnerExceptions: [var only] } => Of(only, interruption),
        DwarfException dwarf => new((int)dwarf.Kind, dwarf.Message),
        OperationCanceledException when interruption.Requested => new(interruption.ExitCode, "interrupted"),
        OutOfMemoryException => new((int)ErrorKind.Unavailable, "memory: not enough for this; smaller batches or images need less"),
        FileNotFoundException or DirectoryNotFoundException => new((int)ErrorKind.MissingInput, exception.Message),
        UnauthorizedAccessException => new((int)ErrorKind.MissingInput, exception.Message),
        IOException => new((int)ErrorKind.InputOutput, exception.Message),
        DllNotFoundException => new((int)ErrorKind.Unavailable, FirstLine(exception.Message)),
        _ => new((int)ErrorKind.Internal, $"internal error, please report it with --verbose: {exception.GetType().Name}: {FirstLine(exception.Message)}"),
    };

    private static string FirstLine(string message) => message.Split('\n', 2)[0].TrimEnd();
}

using System.CommandLine;

namespace Dwarf.Cli;

/// <summary>From arguments to an exit code: finds the verb, runs it, and turns every failure into one line and a code.</summary>
public static class Host
{
    /// <summary>Runs one command line.</summary>
    /// <param name="args">the words after "dwarf"</param>
    /// <param name="output">standard output, for results</param>
    /// <param name="error">standard error, for people</param>
    /// <param name="terminal">progress on standard error</param>
    /// <param name="interruption">signals</param>
    /// <param name="verbs">the verbs to offer; all that are built where none are given</param>
    public static int Run(
        IReadOnlyList<string> args, TextWriter output, TextWriter error, Terminal terminal, Interruption interruption, IReadOnlyList<Verb>? verbs = null)
    {
        var line = new CommandLine(verbs ?? Verbs.All.List);
        bool verbose = args.Contains("--verbose");
        try
        {
            int code = Run(line, args, output, error, terminal, interruption);
            output.Flush();
            return code;
        }
        catch (Exception exception) when (Failure.Of(exception, interruption) is { } failure)
        {
            error.WriteLine(failure.Text);
            if (verbose)
            {
                error.WriteLine(exception);
            }
            return failure.Code;
        }
    }

    /// <summary>The last word when a thread that nobody waits for fails: the same line and code as anywhere, and the end of the process.</summary>
    public static void Crash(object exception, TextWriter error, Interruption interruption)
    {
        Failure failure = Failure.Of(exception as Exception ?? new InvalidOperationException(exception.ToString()), interruption);
        error.WriteLine(failure.Text);
        Environment.Exit(failure.Code);
    }

    private static int Run(CommandLine line, IReadOnlyList<string> args, TextWriter output, TextWriter error, Terminal terminal, Interruption interruption)
    {
        ParseResult parsed = line.Parse(args);
        if (line.IsQuestion(parsed))
        {
            return parsed.Invoke(new InvocationConfiguration { Output = output, Error = error, EnableDefaultExceptionHandler = false });
        }
        Verb verb = line.VerbOf(parsed);
        bool json = parsed.GetValue(line.Json);
        using var held = new StringWriter { NewLine = "\n" };
        var context = new VerbContext(parsed, json ? held : output, terminal, interruption, json, parsed.GetValue(line.Verbose));
        int code = verb.Run(context);
        output.Write(held.ToString());
        return code;
    }
}

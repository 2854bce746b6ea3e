using System.Text;

namespace Dwarf.Cli;

/// <summary>Standard output and error as UTF-8 with plain line ends, whatever the machine's locale says.</summary>
public sealed class StandardStreams : IDisposable
{
    private StandardStreams(TextWriter standardOut, TextWriter error, Terminal terminal) =>
        (Out, Error, Terminal) = (standardOut, error, terminal);

    /// <summary>Results.</summary>
    public TextWriter Out { get; }

    /// <summary>Words for people.</summary>
    public TextWriter Error { get; }

    /// <summary>Progress, on <see cref="Error"/>.</summary>
    public Terminal Terminal { get; }

    /// <summary>Opens both streams of this process.</summary>
    public static StandardStreams Open()
    {
        // Somebody may have closed standard error: words for people are then lost, but the work and its exit code are not.
        TextWriter error = Writer(new GuardedStream(Console.OpenStandardError(), ignoreFailures: true), autoFlush: true);
        // The console streams of .NET swallow a broken pipe, so `dwarf … | head` ends quietly by itself.
        TextWriter standardOut = Writer(new GuardedStream(Console.OpenStandardOutput(), ignoreFailures: false), autoFlush: false);
        bool isTerminal = !Console.IsErrorRedirected && Environment.GetEnvironmentVariable("TERM") != "dumb";
        return new StandardStreams(standardOut, error, new Terminal(error, isTerminal, TimeProvider.System));
    }

    /// <summary>Nothing is left to write: <see cref="Host"/> has flushed, and its failures had to be reported.</summary>
    public void Dispose()
    {
    }

    private static StreamWriter Writer(Stream stream, bool autoFlush) =>
        new(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { AutoFlush = autoFlush, NewLine = "\n" };
}

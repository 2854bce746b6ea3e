using System.CommandLine;
using System.Text.Json;
using Dwarf.Training;

namespace Dwarf.Cli;

/// <summary>What a verb gets to work with: its options, the two streams, progress and interruption.</summary>
public sealed class VerbContext(ParseResult parsed, TextWriter output, Terminal terminal, Interruption interruption, bool json, bool verbose)
{
    /// <summary>Results. Under --json nothing reaches the user before the verb returns, and nothing at all if it throws.</summary>
    public TextWriter Out { get; } = output;

    /// <summary>Words for people, on standard error.</summary>
    public TextWriter Error => terminal.Writer;

    /// <summary>Whether standard output must be one JSON document.</summary>
    public bool Json { get; } = json;

    /// <summary>Whether the user wants details, stack traces included.</summary>
    public bool Verbose { get; } = verbose;

    /// <summary>
    /// Set once the user or the system asks the run to stop. A verb that reads this promises to look at it often, to save and to return
    /// <see cref="Interruption.ExitCode"/>; for any other verb the first signal ends the process.
    /// </summary>
    public Interruption Interruption
    {
        get
        {
            interruption.Arm();
            return interruption;
        }
    }

    /// <summary>The value of an option, or its default.</summary>
    public T Get<T>(Option<T> option) => parsed.GetValue(option)!;

    /// <summary>The value of an argument.</summary>
    public T Get<T>(Argument<T> argument) => parsed.GetValue(argument)!;

    /// <summary>Whether the user wrote this option.</summary>
    public bool Given(Option option) => parsed.GetResult(option) is { Implicit: false };

    /// <summary>Writes the verb's result as JSON; names in snake_case, NaN and infinity as null.</summary>
    public void WriteJson(object? value) => Out.WriteLine(JsonSerializer.Serialize(value, JsonStyle.Options));

    /// <summary>Runs the work with a progress display that goes away when it is over.</summary>
    public T WithProgress<T>(Func<IRunMonitor, T> work) => terminal.WithProgress(work);
}

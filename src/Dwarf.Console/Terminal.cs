using Dwarf.Training;
using Spectre.Console;

namespace Dwarf.Cli;

/// <summary>Where people read: standard error, with moving bars on a terminal and plain lines everywhere else.</summary>
/// <param name="writer">standard error</param>
/// <param name="isTerminal">whether a person watches, so that lines may be drawn over</param>
/// <param name="time">the clock behind rates</param>
public sealed class Terminal(TextWriter writer, bool isTerminal, TimeProvider time)
{
    /// <summary>For text without progress.</summary>
    public TextWriter Writer { get; } = writer;

    /// <summary>Runs the work; what it reports is shown while it lasts.</summary>
    public T WithProgress<T>(Func<IRunMonitor, T> work)
    {
        if (!isTerminal)
        {
            return work(new PlainMonitor(Writer, time));
        }
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(Writer),
            Ansi = AnsiSupport.Yes,
            Interactive = InteractionSupport.Yes,
        });
        List<string> notes = [];
        try
        {
            return console.Progress()
                .AutoClear(false)
                .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn())
                .Start(context =>
                {
                    var monitor = new BarMonitor(context, time);
                    try
                    {
                        T result = work(monitor);
                        monitor.Finish();
                        return result;
                    }
                    finally
                    {
                        notes.AddRange(monitor.Notes);
                    }
                });
        }
        finally
        {
            notes.ForEach(Writer.WriteLine);
        }
    }
}

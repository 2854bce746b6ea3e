using System.Globalization;
using Dwarf.Training;
using Spectre.Console;

namespace Dwarf.Cli;

/// <summary>How fast a stage goes and how long it still takes.</summary>
/// <param name="time">the clock</param>
/// <param name="total">units of work, 0 if unknown</param>
internal sealed class Pace(TimeProvider time, long total)
{
    private readonly long _start = time.GetTimestamp();

    /// <summary>Seconds since the stage began.</summary>
    public double Seconds => time.GetElapsedTime(_start).TotalSeconds;

    /// <summary>"12.3/s", and "41 s left" where the total is known.</summary>
    public string Describe(long done)
    {
        double rate = Seconds > 0 ? done / Seconds : 0;
        if (rate <= 0)
        {
            return "";
        }
        string speed = string.Create(CultureInfo.InvariantCulture, $"{rate:0.0}/s");
        return total > done ? $"{speed}, {Duration((total - done) / rate)} left" : speed;
    }

    /// <summary>Seconds below two minutes, minutes below two hours, else hours.</summary>
    public static string Duration(double seconds) => seconds switch
    {
        < 120 => string.Create(CultureInfo.InvariantCulture, $"{Math.Ceiling(seconds):0} s"),
        < 7200 => string.Create(CultureInfo.InvariantCulture, $"{seconds / 60:0} min"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{seconds / 3600:0.0} h"),
    };
}

/// <summary>Plain lines, at most one every few seconds, so that a log file stays small.</summary>
internal sealed class PlainMonitor(TextWriter writer, TimeProvider time) : IRunMonitor
{
    private const double SecondsBetweenLines = 5;
    private string _stage = "";
    private long _total;
    private long _shown;
    private double _nextLine;
    private Pace _pace = new(time, 0);

    public void Stage(string name, long total)
    {
        (_stage, _total, _shown, _nextLine, _pace) = (name, total, 0, SecondsBetweenLines, new Pace(time, total));
        writer.WriteLine(total > 0 ? $"{name}: {total}" : name);
    }

    public void Advance(long done, string detail)
    {
        bool last = done == _total && _shown != done;
        if (!last && _pace.Seconds < _nextLine)
        {
            return;
        }
        (_shown, _nextLine) = (done, _pace.Seconds + SecondsBetweenLines);
        string position = _total > 0 ? $"{done}/{_total}" : $"{done}";
        writer.WriteLine(string.Join("  ", new[] { $"{_stage} {position}", _pace.Describe(done), detail }.Where(part => part.Length > 0)));
    }

    public void Note(string line) => writer.WriteLine(line);
}

/// <summary>A bar per stage on a terminal. Notes wait until the bars stand still: lines written between moving bars leave scraps of them behind.</summary>
internal sealed class BarMonitor(ProgressContext context, TimeProvider time) : IRunMonitor
{
    private readonly List<string> _notes = [];
    private ProgressTask? _bar;
    private string _stage = "";
    private Pace _pace = new(time, 0);

    /// <summary>What was noted, in order.</summary>
    public IReadOnlyList<string> Notes => _notes;

    public void Stage(string name, long total)
    {
        Finish();
        (_stage, _pace) = (name, new Pace(time, total));
        _bar = context.AddTask(Markup.Escape(name), maxValue: Math.Max(total, 1));
        _bar.IsIndeterminate = total <= 0;
    }

    public void Advance(long done, string detail)
    {
        if (_bar is { } bar)
        {
            bar.Value = done;
            bar.Description = Markup.Escape(string.Join("  ", new[] { _stage, _pace.Describe(done), detail }.Where(part => part.Length > 0)));
        }
    }

    public void Note(string line) => _notes.Add(line);

    /// <summary>The stage is over; one that stopped early is over all the same.</summary>
    public void Finish()
    {
        if (_bar is not null)
        {
            _bar.IsIndeterminate = false;
            _bar.Value = _bar.MaxValue;
            _bar.StopTask();
        }
    }
}

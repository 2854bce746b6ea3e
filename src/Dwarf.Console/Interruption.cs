using System.Runtime.InteropServices;

namespace Dwarf.Cli;

/// <summary>
/// Ctrl-C and SIGTERM. The first signal asks the verb to save and leave; the second ends the process at once, and so does the first where
/// the verb never asked for this object.
/// </summary>
public sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly Action<int> _exit;
    private readonly TextWriter _error;
    private readonly Lock _lock = new();
    private bool _armed;

    /// <summary>An interruption that no signal reaches; tests call <see cref="Signal"/>.</summary>
    /// <param name="error">where the user is told what happens</param>
    /// <param name="exit">ends the process with the code it is given</param>
    public Interruption(TextWriter error, Action<int> exit) => (_error, _exit) = (error, exit);

    /// <summary>What the process must return if it was interrupted: 130 or 143; 0 as long as it was not.</summary>
    public int ExitCode { get; private set; }

    /// <summary>Whether the verb was asked to stop.</summary>
    public bool Requested => _stop.IsCancellationRequested;

    /// <summary>The same for libraries, which know nothing of signals.</summary>
    public CancellationToken Token => _stop.Token;

    /// <summary>Listens to the signals of this process.</summary>
    public static Interruption OfProcess(TextWriter error)
    {
        var interruption = new Interruption(error, Environment.Exit);
        foreach (PosixSignal signal in new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM })
        {
            interruption._registrations.Add(PosixSignalRegistration.Create(signal, interruption.Handle));
        }
        return interruption;
    }

    /// <summary>From now on the first signal only asks.</summary>
    public void Arm() => _armed = true;

    /// <summary>What a signal does.</summary>
    public void Signal(PosixSignal signal)
    {
        int code = signal == PosixSignal.SIGINT ? 130 : 143;
        lock (_lock)
        {
            if (_armed && !Requested)
            {
                ExitCode = code;
                _stop.Cancel();
                _error.WriteLine($"dwarf: {signal}: saving, then leaving; a second signal leaves at once");
                return;
            }
        }
        _exit(code);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _registrations.ForEach(registration => registration.Dispose());
        _stop.Dispose();
    }

    private void Handle(PosixSignalContext context)
    {
        context.Cancel = true;
        Signal(context.Signal);
    }
}

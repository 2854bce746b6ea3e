using Dwarf.Cli;

namespace Dwarf.Tests.Shell;

/// <summary>One run of the command line inside the test's process.</summary>
/// <param name="Code">exit code</param>
/// <param name="Out">standard output</param>
/// <param name="Error">standard error</param>
internal sealed record Invocation(int Code, string Out, string Error)
{
    /// <summary>Runs the verbs that are built.</summary>
    public static Invocation Of(params string[] args) => With(null, args);

    /// <summary>Runs the given verbs instead.</summary>
    public static Invocation With(IReadOnlyList<Verb>? verbs, params string[] args)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        using var interruption = new Interruption(error, static _ => { });
        int code = Host.Run(args, output, error, new Terminal(error, isTerminal: false, TimeProvider.System), interruption, verbs);
        return new Invocation(code, output.ToString(), error.ToString());
    }
}

using System.Diagnostics;
using System.Globalization;
using Engine.Kernels;
using Engine.Tensors;

namespace Dwarf.Cli.Kernels;

/// <summary>Runs the same verb in a process of its own, so that nothing a kernel does can bring this one down.</summary>
internal static class KernelChild
{
    private const string Mark = "DWARF_KERNELS_CHILD";

    // Beyond the kernel's own limit: start, compilation, files.
    private const double Grace = 300;

    /// <summary>Whether this process is that child.</summary>
    public static bool IsThis => Environment.GetEnvironmentVariable(Mark) == "1";

    /// <summary>Runs it and hands on what it says.</summary>
    /// <param name="context">where its output goes</param>
    /// <param name="request">for the answer in its place, should it die</param>
    /// <param name="arguments">of the verb, the verb included</param>
    /// <returns>its exit code</returns>
    public static int Run(VerbContext context, KernelRequest request, IReadOnlyList<string> arguments)
    {
        using Process child = Start(arguments);
        child.OutputDataReceived += (_, line) => Relay(context.Out, line.Data);
        child.ErrorDataReceived += (_, line) => Relay(context.Error, line.Data);
        child.BeginOutputReadLine();
        child.BeginErrorReadLine();
        bool ended = child.WaitForExit(TimeSpan.FromSeconds(request.Timeout + Grace));
        if (!ended)
        {
            child.Kill(entireProcessTree: true);
        }
        child.WaitForExit();
        if (ended && child.ExitCode is 0 or (>= (int)ErrorKind.Usage and <= (int)ErrorKind.Configuration) or 130 or 143)
        {
            return child.ExitCode;
        }
        string message = ended
            ? $"the kernel broke the process that ran it (exit {child.ExitCode}); run it with --check"
            : $"the kernel did not end within {request.Timeout.ToString(CultureInfo.InvariantCulture)} s and could not be stopped";
        var fault = new KernelFault(ended ? "illegal-address" : "deadlock", request.Kernel, request.File, 0, default, default, message);
        KernelDocument.Write(context, request, new KernelOutcome([fault], null));
        return (int)ErrorKind.Content;
    }

    private static void Relay(TextWriter to, string? line)
    {
        if (line is not null)
        {
            lock (to)
            {
                to.WriteLine(line);
            }
        }
    }

    private static Process Start(IReadOnlyList<string> arguments)
    {
        string library = typeof(KernelChild).Assembly.Location, own = Environment.ProcessPath ?? "";
        // Published as one file there is no library; a test's process is not ours, so the library is started by its name.
        string host = library.Length == 0 ? own : Path.GetFileNameWithoutExtension(own) == "dotnet" ? own : Host(library);
        IEnumerable<string> before = library.Length == 0 || host == Path.ChangeExtension(library, null) ? [] : [library];
        var start = new ProcessStartInfo(host, before.Concat(arguments))
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            StandardOutputEncoding = System.Text.Encoding.UTF8,
            StandardErrorEncoding = System.Text.Encoding.UTF8,
        };
        start.Environment[Mark] = "1";
        Process child = Process.Start(start) ?? throw new DwarfException(ErrorKind.Internal, $"{host} cannot be started");
        child.StandardInput.Close();
        return child;
    }

    private static string Host(string library)
    {
        string beside = Path.ChangeExtension(library, null);
        string runtime = System.Runtime.InteropServices.RuntimeEnvironment.GetRuntimeDirectory();
        string shared = Path.GetFullPath(Path.Combine(runtime, "..", "..", "..", "dotnet"));
        return File.Exists(shared) ? shared : File.Exists(beside) ? beside : "dotnet";
    }
}

using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace Dwarf.Tests.Runs;

/// <summary>The console host as a process of its own, which signals can reach.</summary>
internal sealed class RunningProcess : IDisposable
{
    private readonly Process _process;
    private readonly Task<string> _error;
    private readonly Task<string> _output;

    private RunningProcess(string folder, string[] environment, string[] args)
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "dwarf"))
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string arg in args)
        {
            start.ArgumentList.Add(arg);
        }

        foreach (string variable in environment)
        {
            start.Environment[variable.Split('=')[0]] = variable.Split('=')[1];
        }

        _process = Process.Start(start)!;
        _error = _process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        _output = _process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
    }

    public static RunningProcess Start(string folder, params string[] args) => new(folder, [], args);

    /// <summary>Runs it to its end.</summary>
    public static (int Code, string Out, string Error) Run(string folder, string[] environment, params string[] args)
    {
        using var process = new RunningProcess(folder, environment, args);
        return process.End();
    }

    /// <summary>Waits until it has written a file, anew since <paramref name="since"/>.</summary>
    public void WaitFor(string path, DateTime since)
    {
        var clock = Stopwatch.StartNew();
        while (!File.Exists(path) || File.GetLastWriteTimeUtc(path) <= since)
        {
            Assert.False(_process.HasExited, $"it ended before it wrote {path}: {(_process.HasExited ? _error.Result : "")}");
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(60), $"{path} was not written");
            Thread.Sleep(2);
        }
    }

    /// <summary>Sends INT, TERM or KILL.</summary>
    public void Signal(string name)
    {
        using var kill = Process.Start("/bin/sh", ["-c", string.Create(CultureInfo.InvariantCulture, $"kill -{name} {_process.Id}")]);
        kill.WaitForExit();
    }

    public (int Code, string Out, string Error) End()
    {
        Assert.True(_process.WaitForExit(60_000), "it did not end");
        return (_process.ExitCode, _output.Result, _error.Result);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
    }
}

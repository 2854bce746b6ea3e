using System.Diagnostics;
using System.Text.Json;
using Xunit;

namespace Dwarf.Tests.Shell;

/// <summary>What only a process of its own shows: exit codes, closed and full streams, pipes, locales.</summary>
public sealed class ProcessTests
{
    private static readonly string Dwarf = $"\"{Path.Combine(AppContext.BaseDirectory, "dwarf")}\"";

    [Fact]
    public void Results_go_to_stdout_and_words_to_stderr()
    {
        var good = Sh($"{Dwarf} devices --json");
        Assert.Equal((0, ""), (good.Code, good.Error));
        Assert.Equal(3, JsonDocument.Parse(good.Out).RootElement.GetArrayLength());
        Assert.Equal((64, "", "dwarf: unknown verb 'devics'; did you mean 'devices'?\n"), Sh($"{Dwarf} devics --json"));
    }

    [Fact]
    public void A_reader_that_goes_away_ends_it_quietly()
    {
        // The reader is gone before the first byte, and the pipe's own state is what the shell prints.
        var run = Sh($"{{ {Dwarf} op list; echo $? >&2; }} | true");
        Assert.Equal((0, "", "0\n"), run);
    }

    [Fact]
    public void A_full_disk_behind_stdout_is_an_input_output_error()
    {
        var run = Sh($"{Dwarf} devices --json > /dev/full");
        Assert.Equal((74, "", "dwarf: standard output: No space left on device\n"), run);
    }

    [Fact]
    public void A_closed_stderr_changes_no_exit_code()
    {
        Assert.Equal((64, "", ""), Sh($"{Dwarf} devics 2>&-"));
        Assert.Equal(0, Sh($"{Dwarf} devices 2>&-").Code);
        Assert.Equal(74, Sh($"{Dwarf} devices >&-").Code);
    }

    [Fact]
    public void A_german_locale_changes_no_byte()
    {
        Assert.Equal(Sh($"LC_ALL=C {Dwarf} op list --json"), Sh($"LC_ALL=de_DE.UTF-8 LANG=de_DE.UTF-8 {Dwarf} op list --json"));
    }

    private static (int Code, string Out, string Error) Sh(string command)
    {
        var start = new ProcessStartInfo("/bin/sh") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add(command);
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string output = process.StandardOutput.ReadToEnd();
        Assert.True(process.WaitForExit(60_000), "it did not end");
        return (process.ExitCode, output, error.Result);
    }
}

using System.Diagnostics;

namespace Ptx.Tests;

/// <summary>Clang as a compiler of CUDA C++ to PTX. The flags are in clang.rsp.</summary>
public static class Clang
{
    private static readonly string[] s_names = ["clang++-19", "clang++-20", "clang++-21", "clang++"];

    /// <summary>The repository's root: the folder with DwarfEngine.sln.</summary>
    public static string Root { get; } = FindRoot();

    private static readonly string s_compiler = FindCompiler();

    /// <summary>The PTX of a file, and what the compiler said. An exit code other than 0 means no PTX.</summary>
    public static (int ExitCode, string Ptx, string Messages) Compile(string file, string dtype, string architecture,
        params ReadOnlySpan<string> more)
    {
        var start = new ProcessStartInfo(s_compiler) { WorkingDirectory = Root, RedirectStandardOutput = true,
            RedirectStandardError = true };
        start.ArgumentList.Add("@tests/Ptx.Tests/clang.rsp");
        start.ArgumentList.Add($"--cuda-gpu-arch={architecture}");
        start.ArgumentList.Add($"-DDTYPE_{dtype}");
        foreach (string option in more) start.ArgumentList.Add(option);
        start.ArgumentList.Add(file);
        start.ArgumentList.Add("-o");
        start.ArgumentList.Add("-");
        using Process process = Process.Start(start)!;
        Task<string> messages = process.StandardError.ReadToEndAsync();
        string ptx = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, ptx, messages.GetAwaiter().GetResult());
    }

    private static string FindRoot()
    {
        for (string? folder = AppContext.BaseDirectory; folder != null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "DwarfEngine.sln"))) return folder;
        }
        throw new InvalidOperationException("the tests must run inside the repository");
    }

    private static string FindCompiler()
    {
        foreach (string name in s_names)
        {
            foreach (string folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator))
            {
                string path = Path.Combine(folder, name);
                if (File.Exists(path)) return path;
            }
        }
        throw new InvalidOperationException("clang 19 or later is not on PATH (apt-get install clang-19)");
    }
}

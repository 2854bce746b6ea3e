using System.Collections.Concurrent;
using Ptx.Tests.Interpreter;

namespace Ptx.Tests;

/// <summary>Compiled and parsed kernels, each made once.</summary>
public static class PtxModules
{
    private static readonly ConcurrentDictionary<string, Lazy<Module>> s_modules = new();

    /// <summary>The module of a file; a file that does not compile, or PTX that is wrong, is an error with file and line.</summary>
    public static Module Of(string file, string dtype, string architecture = "sm_80", params string[] more) =>
        s_modules.GetOrAdd($"{file} {dtype} {architecture} {string.Join(' ', more)}", _ => new Lazy<Module>(() =>
        {
            var (exit, ptx, messages) = Clang.Compile(file, dtype, architecture, more);
            return exit == 0 ? Parser.Parse(Path.GetFileNameWithoutExtension(file) + ".ptx", Relative(ptx))
                : throw new PtxException(messages);
        })).Value;

    // Names of sources as they stand in the repository.
    private static string Relative(string ptx) =>
        ptx.Replace($"\"{Clang.Root}/", "\"", StringComparison.Ordinal).Replace("\"./", "\"", StringComparison.Ordinal);
}

using System.Text.RegularExpressions;
using Engine.Kernels;
using Engine.Tensors;

namespace Dwarf.Cli.Kernels;

/// <summary>One launch of a kernel of any file.</summary>
/// <param name="File">the .cu file</param>
/// <param name="Kernel">its name; of a template an instance, as reduce&lt;float&gt;</param>
/// <param name="Grid">blocks</param>
/// <param name="Block">threads of a block</param>
/// <param name="SharedBytes">dynamic shared memory</param>
/// <param name="Tensors">by name; written in place</param>
/// <param name="Arguments">in the kernel's order</param>
/// <param name="Device">emulated, cuda or cuda:N</param>
/// <param name="Check">whether faults are looked for</param>
/// <param name="Timeout">seconds that the kernel may run</param>
/// <param name="Html">page that the launch is drawn on; null: none</param>
internal sealed partial record KernelRequest(
    string File,
    string Kernel,
    Dim3 Grid,
    Dim3 Block,
    int SharedBytes,
    Dictionary<string, RawTensor> Tensors,
    List<KernelArgument> Arguments,
    string Device,
    bool Check,
    double Timeout,
    string? Html = null)
{
    /// <summary>Whether the file's text uses volatile: then warps run in lock step, as the programs meant that need it.</summary>
    public bool Volatile { get; private set; }

    /// <summary>Looks whether the file is there and has the kernel.</summary>
    /// <exception cref="DwarfException">no such file (missing input) or kernel (usage)</exception>
    public void Validate()
    {
        string text;
        try
        {
            text = System.IO.File.ReadAllText(File);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            string reason = error is FileNotFoundException or DirectoryNotFoundException ? "no such file" : error.Message;
            throw new DwarfException(ErrorKind.MissingInput, $"{File}: {reason}", error);
        }
        text = Comment().Replace(text, match => match.Value[0] == '/' ? " " : match.Value);
        Volatile = VolatileWord().IsMatch(text);
        string bare = Kernel.Split('<')[0].Split(':')[^1].Trim();
        List<(string Name, bool Template)> kernels = KernelNames.In(text);
        bool macros = MacroKernel().IsMatch(text);
        if (!macros && kernels.All(kernel => kernel.Name != bare))
        {
            throw new DwarfException(ErrorKind.Usage, kernels.Count == 0
                ? $"--kernel: {File} has no __global__ function"
                : $"--kernel: {File} has no kernel '{Kernel}'{Nearest.Hint(bare, [.. kernels.Select(kernel => kernel.Name).Distinct()])}");
        }
        if (!Kernel.Contains('<', StringComparison.Ordinal) && kernels.Any(kernel => kernel.Name == bare)
            && kernels.Where(kernel => kernel.Name == bare).All(kernel => kernel.Template))
        {
            throw new DwarfException(
                ErrorKind.Usage, $"--kernel: {bare} is a template; name an instance of it, as in --kernel '{bare}<float>'");
        }
    }

    [GeneratedRegex(@"^\s*#\s*define\b.*(?:\\\r?\n.*)*__global__", RegexOptions.Multiline)]
    private static partial Regex MacroKernel();

    [GeneratedRegex("""//[^\n]*|/\*.*?\*/|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'""", RegexOptions.Singleline)]
    private static partial Regex Comment();

    [GeneratedRegex(@"\bvolatile\b(?!\s*\()")]
    private static partial Regex VolatileWord();
}

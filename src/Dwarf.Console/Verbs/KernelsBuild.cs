using System.CommandLine;
using Engine.Kernels;
using Engine.Tensors;

namespace Dwarf.Cli.Verbs;

/// <summary>`kernels build`: compiles all kernels into the cache.</summary>
public sealed class KernelsBuild : Verb
{
    private readonly Option<string> _architecture = new("--arch")
    {
        Description = "What machine code is made for",
        HelpName = "sm_90",
        DefaultValueFactory = _ => "sm_90",
    };

    private readonly Option<string> _device = new("--device")
    {
        Description = "Whose compiler: cuda (NVRTC; no GPU is needed) or emulated",
        HelpName = "D",
        DefaultValueFactory = _ => "cuda",
    };

    /// <inheritdoc/>
    public override string Name => "kernels build";

    /// <inheritdoc/>
    public override string Summary => "Compiles every CUDA kernel for f32, f64 and bf16 into the cache";

    /// <inheritdoc/>
    public override IReadOnlyList<Symbol> Parameters => [_architecture, _device];

    /// <inheritdoc/>
    public override int Run(VerbContext context)
    {
        string device = context.Get(_device);
        if (device is not ("cuda" or "emulated"))
        {
            throw new DwarfException(ErrorKind.Usage, $"--device: expected cuda or emulated, found '{device}'");
        }
        var built = new List<BuiltKernel>();
        foreach (BuiltKernel each in KernelBuild.All(device, context.Get(_architecture)))
        {
            built.Add(each);
            if (!context.Json)
            {
                string cached = each.Cached ? "  (was there)" : "";
                context.Out.WriteLine($"{each.File,-20} {each.DType.Label(),-5} {each.Bytes,10:N0} bytes{cached}");
            }
        }
        if (context.Json)
        {
            context.WriteJson(built.Select(each => new { each.File, Dtype = each.DType.Label(), each.Bytes, each.Cached }));
        }
        return 0;
    }
}

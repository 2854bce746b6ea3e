using System.CommandLine;
using Engine.Kernels;
using Engine.Tensors;

namespace Dwarf.Cli.Verbs;

/// <summary>`kernels list`: every CUDA kernel, as its header describes it.</summary>
public sealed class KernelsList : Verb
{
    private readonly Option<string?> _device = new("--device")
    {
        Description = "Compiles each kernel there and adds its registers and static shared memory: cuda, cuda:N or emulated",
        HelpName = "D",
    };

    /// <inheritdoc/>
    public override string Name => "kernels list";

    /// <inheritdoc/>
    public override string Summary => "Lists every CUDA kernel with its operators, launch, shared memory and bytes";

    /// <inheritdoc/>
    public override IReadOnlyList<Symbol> Parameters => [_device];

    /// <inheritdoc/>
    public override int Run(VerbContext context)
    {
        var kernels = KernelFiles.All().SelectMany(KernelHeader.Read).ToList();
        using CudaDevice? gpu = context.Get(_device) is { } device ? CudaDevice.Open(device) : null;
        if (context.Json)
        {
            context.WriteJson(kernels.Select(each => new
            {
                each.Name,
                File = Path.GetFileName(each.File),
                each.Operators,
                each.Summary,
                Launch = each.Launch,
                Shared = SharedOf(each.Launch),
                Reads = each.Fields["reads"],
                Writes = each.Fields["writes"],
                Bound = each.Fields["bound"],
                Why = each.Fields["why"],
                Shapes = each.Fields["shapes"],
                From = each.Fields.GetValueOrDefault("from"),
                Conflicts = each.Fields.GetValueOrDefault("conflicts"),
                Divergence = each.Fields.GetValueOrDefault("divergence"),
                Parameters = each.Parameters,
                Resources = gpu is null ? null : (KernelResources?)Resources(gpu, each),
            }));
            return 0;
        }
        foreach (KernelHeader each in kernels)
        {
            context.Out.WriteLine($"{each.Name}  ({string.Join(", ", each.Operators)}; {Path.GetFileName(each.File)}:{each.Line})");
            context.Out.WriteLine($"    {each.Summary}");
            context.Out.WriteLine($"    launch {each.Launch}");
            if (gpu is not null)
            {
                KernelResources r = Resources(gpu, each);
                string registers = r.Registers > 0 ? $"{r.Registers} registers a thread, " : "";
                context.Out.WriteLine($"    takes  {registers}{r.StaticShared} B of static shared memory, {r.LocalBytes} B of local memory a thread");
            }
            context.Out.WriteLine($"    bytes  reads {each.Fields["reads"]}; writes {each.Fields["writes"]}");
            context.Out.WriteLine($"    bound  {each.Fields["bound"]}");
        }
        context.Error.WriteLine($"{kernels.Count} kernels; S is the size of an element, A that of a sum, in bytes");
        return 0;
    }

    // As compiled for f32 with the file's own macros; a kernel that is for bf16 alone, for that.
    private static KernelResources Resources(CudaDevice gpu, KernelHeader header)
    {
        var key = new KernelKey(Path.GetFileNameWithoutExtension(header.File), header.Name);
        try
        {
            return gpu.Warm(key, DType.F32);
        }
        catch (DwarfException error) when (error.Message.Contains("has no kernel", StringComparison.Ordinal))
        {
            return gpu.Warm(key, DType.BF16);
        }
    }

    // The part of the launch line after "shared".
    private static string SharedOf(string launch)
    {
        int at = launch.LastIndexOf("shared ", StringComparison.Ordinal);
        return at < 0 ? "0" : launch[(at + "shared ".Length)..].Trim();
    }
}

using System.Globalization;
using Engine.Autograd.Operators;
using Engine.Kernels;
using Engine.Tensors;

namespace Dwarf.Cli.Explain;

/// <summary>Work that launches kernels at the sizes of ViT-B/16 (197 tokens, width 768, 12 heads) and of the decoder above it, one image.</summary>
/// <param name="Name">what runs: an operator with its shapes and attributes</param>
/// <param name="Operators">whose kernels it launches</param>
/// <param name="Run">forward and backward on a device</param>
public sealed record ExplainCase(string Name, IReadOnlyList<string> Operators, Action<CudaDevice> Run)
{
    /// <summary>An operator of the table, forward and backward.</summary>
    /// <param name="name">of the operator</param>
    /// <param name="inputs">"x[197,768] weight[768]"</param>
    /// <param name="attributes">"eps=1e-5"; empty: the defaults</param>
    /// <param name="dtype">of floating tensors</param>
    /// <returns>the case</returns>
    public static ExplainCase Of(string name, string inputs, string attributes = "", DType dtype = DType.F32)
    {
        string label = string.Join(' ', new[] { name, inputs, attributes, dtype.Label() }.Where(s => s.Length > 0));
        return new(label, [name], device => RunOperator(device, name, inputs, attributes, dtype));
    }

    private static void RunOperator(CudaDevice device, string name, string inputs, string attributes, DType dtype)
    {
        var info = All.Operators.Concat(All.Internal).First(o => o.Name == name);
        var tensors = new Dictionary<string, Tensor>();
        foreach (string input in Words(inputs))
        {
            string key = input[..input.IndexOf('[', StringComparison.Ordinal)];
            var shape = new Shape([.. input[(key.Length + 1)..^1].Split(',').Select(s => long.Parse(s, CultureInfo.InvariantCulture))]);
            tensors[key] = Values(shape, OperatorCall.Declaration(info, key)!.DType, key == "target");
        }

        var texts = Words(attributes).ToDictionary(a => a.Split('=')[0], a => a.Split('=')[1]);
        if (!info.Differentiable)
        {
            OperatorRunner.Run(device, info, tensors, texts, dtype);
            return;
        }

        // The shapes of the outputs are learnt from the processor, so that the device runs once.
        using var cpu = new CpuDevice();
        foreach (var (output, tensor) in OperatorRunner.Run(cpu, info, tensors, texts, DType.F32))
        {
            tensors["cotangent." + output] = Values(tensor.Shape, "float", false);
        }

        OperatorRunner.Run(device, info, tensors, texts, dtype);
    }

    /// <summary>Values inside every operator's domain: floats between 0 and 1, targets 0 or 1, small ids, every key attended.</summary>
    internal static Tensor Values(Shape shape, string dtype, bool binary)
    {
        var tensor = new Tensor(shape, dtype switch { "i64" => DType.I64, "bool" => DType.Bool, _ => DType.F32 });
        uint state = 12345;
        for (int i = 0; i < shape.Count; i++)
        {
            state = (state * 1664525) + 1013904223;
            double value = ((state >> 8) + 0.5) / (1 << 24);
            switch (dtype)
            {
                case "i64":
                    tensor.Span<long>()[i] = (long)(value * 2);
                    break;
                case "bool":
                    tensor.Span<byte>()[i] = 1;
                    break;
                default:
                    tensor.Span<float>()[i] = (float)(binary ? Math.Round(value) : value);
                    break;
            }
        }

        return tensor;
    }

    private static string[] Words(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}

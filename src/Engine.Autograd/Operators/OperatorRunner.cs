using Engine.Kernels;
using Engine.Tensors;

namespace Engine.Autograd.Operators;

/// <summary>Runs any operator of the table over named tensors: what `op run`, the parity suite and the gradient checks share.</summary>
public static class OperatorRunner
{
    private const string Prefix = "cotangent.";

    /// <summary>Finds an operator.</summary>
    /// <param name="name">its name in the table</param>
    /// <returns>the operator</returns>
    /// <exception cref="DwarfException">no such operator (usage)</exception>
    public static OperatorInfo Find(string name) => All.Operators.FirstOrDefault(o => o.Name == name)
        ?? throw new DwarfException(ErrorKind.Usage, $"unknown operator '{name}'" + Nearest.Hint(name, [.. All.Operators.Select(o => o.Name)]));

    /// <summary>Forward, and backward where a cotangent is given.</summary>
    /// <param name="device">runs it</param>
    /// <param name="info">the operator</param>
    /// <param name="tensors">inputs by name; cotangent.OUTPUT asks for the backward pass, an absent one is zero</param>
    /// <param name="attributes">text by name</param>
    /// <param name="dtype">what floating tensors are cast to: f32, f64 or (not on cpu) bf16</param>
    /// <returns>outputs by name, and grad.INPUT for every differentiable input, each with host memory of its own</returns>
    public static Dictionary<string, Tensor> Run(
        Device device,
        OperatorInfo info,
        IReadOnlyDictionary<string, Tensor> tensors,
        IReadOnlyDictionary<string, string> attributes,
        DType dtype)
    {
        if (dtype == DType.BF16 && device is CpuDevice)
        {
            throw new DwarfException(ErrorKind.Unavailable, $"{info.Name}: bf16 is not available on cpu; use f32 or f64");
        }

        using var tape = new Tape(device);
        var inputs = new Dictionary<string, Variable>();
        foreach (var (name, tensor) in tensors)
        {
            if (!name.StartsWith(Prefix, StringComparison.Ordinal))
            {
                var value = tensor.To(dtype);
                bool differentiable = info.Differentiable && OperatorCall.Declaration(info, name) is { Differentiable: true };
                inputs[name] = differentiable ? tape.Leaf(value) : tape.Constant(value);
            }
        }

        var outputs = info.Run(new OperatorCall(tape, info, inputs, attributes));
        var result = new Dictionary<string, Tensor>();
        var (roots, cotangents) = (new List<Variable>(), new List<Tensor>());
        for (int i = 0; i < outputs.Length; i++)
        {
            if (outputs[i] is { } output)
            {
                result[info.Outputs[i]] = output.Value.CopyTo(null);
                if (tensors.TryGetValue(Prefix + info.Outputs[i], out var cotangent))
                {
                    roots.Add(output);
                    cotangents.Add(tape.OnDevice(Cotangent(info, info.Outputs[i], output, cotangent, dtype)));
                }
            }
        }

        foreach (string name in tensors.Keys)
        {
            if (name.StartsWith(Prefix, StringComparison.Ordinal) && !result.ContainsKey(name[Prefix.Length..]))
            {
                throw new DwarfException(ErrorKind.Content, $"{info.Name}: '{name}' names no output of this call; it has {string.Join(", ", result.Keys)}");
            }
        }

        if (roots.Count > 0 && info.Differentiable)
        {
            tape.Backward(roots.ToArray(), cotangents.ToArray());
            foreach (var (name, input) in inputs)
            {
                if (input.RequiresGrad)
                {
                    result["grad." + name] = input.Grad is { } grad ? grad.CopyTo(null) : new Tensor(input.Shape, input.DType);
                }
            }
        }

        return result;
    }

    private static Tensor Cotangent(OperatorInfo info, string name, Variable output, Tensor cotangent, DType dtype)
    {
        if (cotangent.Shape != output.Shape)
        {
            throw new ShapeException($"{info.Name}: {Prefix}{name} must be {output.Shape} (the shape of {name}), found {cotangent.Shape}");
        }

        return cotangent.DType.IsFloating()
            ? cotangent.To(dtype)
            : throw new DTypeException($"{info.Name}: {Prefix}{name} must be float, found {cotangent.DType.Label()}");
    }
}

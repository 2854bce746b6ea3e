using Engine.Kernels;
using Engine.Kernels.Operators;
using Engine.Tensors;

namespace Engine.Autograd;

/// <summary>How a value can be made again in backward, to the same bits, of what its operator saves anyway: then nobody saves the value itself.</summary>
/// <remarks>On cpu only, where a pass over memory is small beside the products around it.</remarks>
/// <param name="Source">pre-activation of GELU; what layer norm normalised</param>
/// <param name="Mean">layer norm's; null for GELU</param>
/// <param name="Rstd">layer norm's</param>
/// <param name="Weight">layer norm's</param>
/// <param name="Bias">layer norm's</param>
internal readonly record struct Recipe(Tensor Source, Tensor? Mean = null, Tensor? Rstd = null, Tensor? Weight = null, Tensor? Bias = null)
{
    /// <summary>Tensors that a node saves of a recipe.</summary>
    public const int Count = 5;

    public bool Exists => Source is not null;

    /// <summary>Makes the value of what a node saved: the caller releases it.</summary>
    public static Tensor Again(Tape tape, Node node, int first)
    {
        var source = node.Saved(first);
        var value = tape.Empty(source.Shape, source.DType);
        if (node.SavedOrNull(first + 1) is { } mean)
        {
            LayerNormCpu.Again(tape.Cpu, source, node.Saved(first + 3), node.Saved(first + 4), mean, node.Saved(first + 2), value);
        }
        else
        {
            ElementwiseCpu.Forward(tape.Cpu, ElementwiseFunction.Gelu, source, value);
        }

        return value;
    }
}

using Engine.Autograd.Operators;
using Engine.Kernels;
using Engine.Kernels.Operators;
using Engine.Tensors;

namespace Engine.Autograd;

public static unsafe partial class Ops
{
    internal static readonly OperatorInfo EmbeddingInfo = new(
        "embedding",
        "y[i] = weight[ids[i]]",
        [new("ids", "i64", "[...]"), new("weight", "float", "[v,d]")],
        [],
        ["y"],
        call => [call.Tape.Embedding(call.Input("ids"), call.Input("weight"))]);

    /// <summary>Looks rows up in a table.</summary>
    /// <param name="tape">records it</param>
    /// <param name="ids">i64 [...], each from 0 to v - 1</param>
    /// <param name="weight">[v, d]</param>
    /// <returns>[..., d]</returns>
    /// <exception cref="DwarfException">an id is outside the table (content)</exception>
    /// <remarks>The gradient is summed in the order of the ids, so it repeats bit for bit.</remarks>
    public static Variable Embedding(this Tape tape, Variable ids, Variable weight)
    {
        using var range = tape.Range("embedding");
        Check.HasDType("embedding", "ids", ids, DType.I64);
        Check.Floating("embedding", "weight", weight);
        Check.Rank("embedding", "weight", weight, 2, "[v,d]");
        CheckIds(ids, weight.Shape);
        Span<long> sizes = stackalloc long[Shape.MaxRank];
        if (ids.Shape.Rank == Shape.MaxRank)
        {
            throw new ShapeException($"embedding: ids may have at most {Shape.MaxRank - 1} axes, found {ids.Shape}");
        }

        ids.Shape.CopyTo(sizes);
        sizes[ids.Shape.Rank] = weight.Shape[1];
        var y = tape.Empty(Shape.Of(sizes[..(ids.Shape.Rank + 1)]), weight.DType);
        if (tape.Device is CudaDevice gpu)
        {
            EmbeddingCuda.Forward(gpu, ids.Value, weight.Value, y);
        }
        else
        {
            EmbeddingCpu.Forward(tape.Cpu, ids.Value, weight.Value, y);
        }

        return tape.Record("embedding", y, [ids, weight], [ids.Value], EmbeddingBackward);
    }

    /// <summary>Ids that the host gave are checked there; ids that a device made are the device's to keep inside the table.</summary>
    private static void CheckIds(Variable ids, Shape weight)
    {
        if ((ids.HostValue ?? (ids.Value.Space is null ? ids.Value : null)) is not { } given)
        {
            return;
        }

        long* id = given.Data<long>();
        for (long i = 0; i < given.Count; i++)
        {
            if ((ulong)id[i] >= (ulong)weight[0])
            {
                throw new DwarfException(
                    ErrorKind.Content, $"embedding: every id must be from 0 to {weight[0] - 1} (weight is {weight}), found {id[i]} at element {i}");
            }
        }
    }

    private static void EmbeddingBackward(Tape tape, Node node)
    {
        var dweight = tape.BeginGrad(node.Input(1)!);
        if (tape.Device is CudaDevice gpu)
        {
            EmbeddingCuda.Backward(gpu, node.Saved(0), node.OutputGrad()!, dweight);
        }
        else
        {
            EmbeddingCpu.Backward(tape.Cpu, node.Saved(0), node.OutputGrad()!, dweight);
        }

        tape.EndGrad(node.Input(1)!, dweight);
    }
}

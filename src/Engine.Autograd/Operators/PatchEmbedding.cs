using Engine.Autograd.Operators;
using Engine.Kernels;
using Engine.Kernels.Operators;
using Engine.Tensors;

namespace Engine.Autograd;

public static partial class Ops
{
    internal static readonly OperatorInfo PatchEmbeddingInfo = new(
        "patch_embedding",
        "y = [cls, patches weightᵀ + bias] + position_embeddings, patches row-major",
        [
            new("image", "float", "[b,c,h,w]"),
            new("weight", "float", "[d,c,p,p]"),
            new("bias", "float", "[d]"),
            new("cls_token", "float", "[1,1,d]") { Optional = true },
            new("position_embeddings", "float", "[1,n,d]") { Optional = true },
        ],
        [],
        ["y"],
        call => [call.Tape.PatchEmbedding(
            call.Input("image"), call.Input("weight"), call.Input("bias"), call.Optional("cls_token"), call.Optional("position_embeddings"))]);

    /// <summary>The tokens of an image: every p x p patch through one linear map, a CLS token before them, position embeddings added.</summary>
    /// <param name="tape">records it</param>
    /// <param name="image">[b, c, h, w]; p divides h and w</param>
    /// <param name="weight">[d, c, p, p]</param>
    /// <param name="bias">[d]</param>
    /// <param name="clsToken">[1, 1, d] or null: no CLS token</param>
    /// <param name="positionEmbeddings">[1, n, d] or null</param>
    /// <returns>[b, n, d] with n = h/p · w/p, one more with CLS; patches row-major</returns>
    /// <exception cref="ShapeException">shapes do not fit together</exception>
    /// <remarks>Dosovitskiy et al. 2021, arXiv:2010.11929, eq. 1.</remarks>
    public static Variable PatchEmbedding(
        this Tape tape, Variable image, Variable weight, Variable bias, Variable? clsToken = null, Variable? positionEmbeddings = null)
    {
        using var range = tape.Range("patch_embedding");
        const string Op = "patch_embedding";
        Check.Floating(Op, "image", image);
        Check.Rank(Op, "image", image, 4, "[b,c,h,w]");
        Check.SameDType(Op, "weight", weight, "image", image);
        Check.Rank(Op, "weight", weight, 4, "[d,c,p,p]");
        long d = weight.Shape[0], channels = image.Shape[1], patch = weight.Shape[2];
        Check.Shape(Op, "weight", weight, [d, channels, patch, patch], "[d,c,p,p] with c of image", image);
        if (patch < 1 || image.Shape[2] < patch || image.Shape[3] < patch || image.Shape[2] % patch != 0 || image.Shape[3] % patch != 0)
        {
            throw new ShapeException($"{Op}: height and width of image must be multiples of the patch size {patch}, found {image.Shape}");
        }

        Check.SameDType(Op, "bias", bias, "image", image);
        Check.Shape(Op, "bias", bias, [d], "d is the first axis of weight", weight);
        long n = (image.Shape[2] / patch * (image.Shape[3] / patch)) + (clsToken is null ? 0 : 1);
        if (clsToken is not null)
        {
            Check.SameDType(Op, "cls_token", clsToken, "image", image);
            Check.Shape(Op, "cls_token", clsToken, [1, 1, d], "d is the first axis of weight", weight);
        }

        if (positionEmbeddings is not null)
        {
            Check.SameDType(Op, "position_embeddings", positionEmbeddings, "image", image);
            Check.Shape(Op, "position_embeddings", positionEmbeddings, [1, n, d], clsToken is null ? "one for each patch" : "one for each patch and CLS");
        }

        var columns = tape.Empty([image.Shape[0], n, channels * patch * patch], image.DType);
        var y = tape.Empty([image.Shape[0], n, d], image.DType);
        if (tape.Device is CudaDevice gpu)
        {
            PatchEmbeddingCuda.Unfold(gpu, image.Value, patch, columns);
            PatchEmbeddingCuda.Forward(gpu, columns, weight.Value, bias.Value, clsToken?.Value, positionEmbeddings?.Value, y);
        }
        else
        {
            PatchEmbeddingCpu.Unfold(tape.Cpu, image.Value, patch, columns);
            PatchEmbeddingCpu.Forward(tape.Cpu, columns, weight.Value, bias.Value, clsToken?.Value, positionEmbeddings?.Value, y);
        }

        var result = tape.Record(
            Op,
            y,
            [image, weight, bias, clsToken, positionEmbeddings],
            [image.RequiresGrad ? weight.Value : null, weight.RequiresGrad ? columns : null],
            PatchEmbeddingBackward,
            integers: [patch]);
        tape.Release(columns);
        return result;
    }

    private static void PatchEmbeddingBackward(Tape tape, Node node)
    {
        var dy = node.OutputGrad()!;
        long n = dy.Shape[1], d = dy.Shape[2];
        var gpu = tape.Device as CudaDevice;
        if (node.Needs(2) || node.Needs(3) || node.Needs(4))
        {
            var dpositions = node.Needs(4) ? tape.BeginGrad(node.Input(4)!) : tape.Empty([1, n, d], dy.DType);
            var dcls = node.Needs(3) ? tape.BeginGrad(node.Input(3)!) : null;
            var dbias = node.Needs(2) ? tape.BeginGrad(node.Input(2)!) : null;
            if (gpu is null)
            {
                PatchEmbeddingCpu.BackwardVectors(tape.Cpu, dy, dpositions, dcls, dbias, node.Input(3) is not null);
            }
            else
            {
                SumInto(tape, dy, 1, 1, dpositions);
                PatchEmbeddingCuda.BackwardVectors(gpu, dpositions, dcls, dbias, node.Input(3) is not null);
            }

            if (dbias is not null)
            {
                tape.EndGrad(node.Input(2)!, dbias);
            }

            if (dcls is not null)
            {
                tape.EndGrad(node.Input(3)!, dcls);
            }

            if (node.Needs(4))
            {
                tape.EndGrad(node.Input(4)!, dpositions);
            }
            else
            {
                tape.Release(dpositions);
            }
        }

        if (node.Needs(1))
        {
            // The CLS token's rows of the columns are zero: they add nothing.
            var (columns, dweight) = (node.Saved(1), tape.BeginGrad(node.Input(1)!));
            if (gpu is null)
            {
                LinearCpu.BackwardWeight(tape.Cpu, columns, dy, dweight);
            }
            else
            {
                PatchEmbeddingCuda.BackwardWeight(gpu, columns, dy, dweight);
            }

            tape.EndGrad(node.Input(1)!, dweight);
        }

        if (node.Needs(0))
        {
            var (weight, dimage) = (node.Saved(0), tape.BeginGrad(node.Input(0)!));
            var dcolumns = tape.Empty([dy.Shape[0], n, weight.Shape.Fold(1, 4)], dy.DType);
            if (gpu is null)
            {
                LinearCpu.BackwardX(tape.Cpu, weight, dy, dcolumns);
                PatchEmbeddingCpu.Fold(tape.Cpu, dcolumns, node.Integer(0), dimage);
            }
            else
            {
                PatchEmbeddingCuda.BackwardColumns(gpu, weight, dy, dcolumns);
                PatchEmbeddingCuda.Fold(gpu, dcolumns, node.Integer(0), dimage);
            }

            tape.Release(dcolumns);
            tape.EndGrad(node.Input(0)!, dimage);
        }
    }
}

using TorchSharp;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Parity.Tests;

/// <summary>What libtorch computes for each operator of the table.</summary>
internal static class TorchOperators
{
    public static readonly Dictionary<string, Func<TorchCall, Dictionary<string, Tensor>>> All = new()
    {
        ["matmul"] = c => One(matmul(c.Bool("transpose_a") ? c["a"].transpose(-1, -2) : c["a"], c.Bool("transpose_b") ? c["b"].transpose(-1, -2) : c["b"])),
        ["linear"] = c => One(Activate(c.Text("activation", "none"), F.linear(c["x"], c["weight"], c.Optional("bias")))),
        ["add"] = c => One(c["a"] + c["b"]),
        ["mul"] = c => One(c["a"] * c["b"]),
        ["gelu"] = c => One(F.gelu(c["x"])),
        ["relu"] = c => One(c["x"].relu()),
        ["tanh"] = c => One(c["x"].tanh()),
        ["sigmoid"] = c => One(c["x"].sigmoid()),
        ["softmax"] = c => One(Softmax(c.Optional("mask") is { } mask ? c["x"] + mask : c["x"])),
        ["layer_norm"] = LayerNorm,
        ["conv2d"] = c => One(F.conv2d(c["x"], c["weight"], c.Optional("bias"), strides: c.Pair("stride", [1, 1]), padding: c.Pair("padding", [0, 0]))),
        ["batch_norm"] = BatchNorm,
        ["max_pool2d"] = c => One(F.max_pool2d(c["x"], c.Pair("kernel_size", []), c.Pair("stride", c.Pair("kernel_size", [])), c.Pair("padding", [0, 0]))),
        ["embedding"] = c => One(c["weight"].index_select(0, c["ids"].flatten()).reshape([.. c["ids"].shape, c["weight"].shape[1]])),
        ["patch_embedding"] = c => One(PatchEmbedding(c)),
        ["attention"] = c => One(Attention(c).Output),
        ["cross_attention"] = CrossAttention,
        ["scale_map"] = c => One(ScaleMap(c)),
        ["bilinear_resize"] = c => One(F.interpolate(c["x"], size: [c.Integer("height"), c.Integer("width")], mode: InterpolationMode.Bilinear, align_corners: false)),
        ["reduce_sum"] = c => One(Reduce(c, (x, axes, keep) => x.sum(axes, keep))),
        ["reduce_mean"] = c => One(Reduce(c, (x, axes, keep) => x.mean(axes, keep))),
        ["permute"] = c => One(c["x"].permute(c.Integers("dims")!)),
        ["concat"] = c => One(cat(c.Variadic("x"), c.Integer("dim"))),
        ["slice"] = c => One(Slice(c)),
        ["bce_with_logits"] = c => Loss(F.binary_cross_entropy_with_logits(c["logits"], c["target"], reduction: Reduction(c))),
        ["cross_entropy"] = c => Loss(CrossEntropy(c)),
        ["fp_weighted_dice"] = c => Loss(Dice(c)),
        ["logit"] = c => One(c["x"].logit(c.Number("eps", 1e-4))),
        ["normalize"] = c => One(F.normalize(c["x"], p: 2, dim: -1, eps: c.Number("eps", 1e-12))),
        ["soft_cross_entropy"] = c => Loss(SoftCrossEntropy(c)),
        ["resized_dice"] = c => Loss(ResizedDice(c)),
    };

    private static Dictionary<string, Tensor> One(Tensor y) => new() { ["y"] = y };

    private static Dictionary<string, Tensor> Loss(Tensor loss) => new() { ["loss"] = loss };

    private static Tensor Activate(string activation, Tensor x) => activation switch
    {
        "gelu" => F.gelu(x),
        "relu" => x.relu(),
        _ => x,
    };

    private static Dictionary<string, Tensor> LayerNorm(TorchCall c)
    {
        var sum = c.Optional("residual") is { } residual ? c["x"] + residual : c["x"];
        var result = One(F.layer_norm(sum, [sum.shape[^1]], c["weight"], c["bias"], c.Number("eps", 1e-5)));
        if (c.Optional("residual") is not null)
        {
            result["sum"] = sum;
        }

        return result;
    }

    private static Dictionary<string, Tensor> BatchNorm(TorchCall c)
    {
        var (mean, variance, training) = (c["running_mean"].clone(), c["running_var"].clone(), c.Bool("training"));
        var result = One(F.batch_norm(
            c["x"], mean, variance, c.Optional("weight"), c.Optional("bias"), training, c.Number("momentum", 0.1), c.Number("eps", 1e-5)));
        if (training)
        {
            (result["running_mean"], result["running_var"]) = (mean, variance);
        }

        return result;
    }

    /// <summary>A row that is −inf throughout gives zeros and zero gradient: libtorch gives NaN there, so such rows are replaced.</summary>
    private static Tensor Softmax(Tensor x)
    {
        if (x.numel() == 0)
        {
            return x.softmax(-1);
        }

        var dead = x.detach().isneginf().all(-1, keepdim: true);
        return x.masked_fill(dead, 0).softmax(-1).masked_fill(dead, 0);
    }

    private static Tensor PatchEmbedding(TorchCall c)
    {
        var weight = c["weight"];
        var y = F.conv2d(c["image"], weight, c["bias"], strides: [weight.shape[2], weight.shape[3]]).flatten(2).transpose(1, 2);
        if (c.Optional("cls_token") is { } cls)
        {
            y = cat([cls.expand(y.shape[0], 1, y.shape[2]), y], 1);
        }

        return c.Optional("position_embeddings") is { } position ? y + position : y;
    }

    private static (Tensor Output, Tensor Weights) Attention(TorchCall c)
    {
        var (q, k, v) = (c["q"], c["k"], c["v"]);
        var scores = matmul(q, k.transpose(-1, -2)) * c.Number("scale", 1 / Math.Sqrt(q.shape[^1]));
        if (c.Optional("key_mask") is { } mask)
        {
            scores = scores.masked_fill(mask.logical_not().unsqueeze(1).unsqueeze(1), double.NegativeInfinity);
        }

        var weights = Softmax(scores);
        double p = c.Number("dropout_p", 0);
        var dropped = p > 0 ? weights * Philox.Mask(weights.shape, p, (ulong)c.Integer("seed", 0), (ulong)c.Integer("offset", 0)) : weights;
        return (matmul(dropped, v), c.Bool("map_after_dropout") ? dropped : weights);
    }

    private static Dictionary<string, Tensor> CrossAttention(TorchCall c)
    {
        var (y, weights) = Attention(c);
        return new() { ["y"] = y, ["map"] = weights.mean([1L]) };
    }

    private static Tensor ScaleMap(TorchCall c)
    {
        var x = c["x"];
        switch (c.Text("by", "max"))
        {
            case "none": return x;
            case "size": return x * x.shape[1];
            case "max": return x / x.gather(1, x.argmax(1, keepdim: true));
            default:
                var (low, high) = (x.gather(1, x.argmin(1, keepdim: true)), x.gather(1, x.argmax(1, keepdim: true)));
                var flat = (high == low).detach();
                return ((x - low) / (high - low).masked_fill(flat, 1)).masked_fill(flat, 0);
        }
    }

    private static Tensor Reduce(TorchCall c, Func<Tensor, long[], bool, Tensor> reduce) =>
        reduce(c["x"], c.Integers("axes") ?? [.. Enumerable.Range(0, (int)c["x"].dim()).Select(i => (long)i)], c.Bool("keepdims"));

    private static Tensor Slice(TorchCall c)
    {
        var x = c["x"];
        long dim = c.Integer("dim"), size = x.shape[dim < 0 ? dim + x.dim() : dim];
        long Clamp(long i) => Math.Clamp(i < 0 ? i + size : i, 0, size);
        long start = Clamp(c.Integer("start", 0));
        long end = Clamp(c.Integer("end", size));
        return x.narrow(dim, start, Math.Max(0, end - start));
    }

    private static nn.Reduction Reduction(TorchCall c) => c.Text("reduction", "mean") switch
    {
        "sum" => nn.Reduction.Sum,
        "none" => nn.Reduction.None,
        _ => nn.Reduction.Mean,
    };

    private static Tensor CrossEntropy(TorchCall c)
    {
        long ignore = c.Integer("ignore_index", -1);
        if (c.Text("reduction", "mean") == "mean" && !c["target"].ne(ignore).any().item<bool>())
        {
            return c["logits"].sum() * 0;
        }

        return F.cross_entropy(c["logits"], c["target"], ignore_index: ignore, reduction: Reduction(c));
    }

    private static Tensor SoftCrossEntropy(TorchCall c)
    {
        var rows = -(c["target"] * c["logits"].log_softmax(-1)).sum(-1);
        return rows.sum() / Math.Max(1, c["target"].sum(-1).gt(0).sum().item<long>());
    }

    /// <summary>The paper's equations 2 and 3, composed.</summary>
    private static Tensor Dice(TorchCall c) =>
        Dice(c, c.Optional("logits") is { } logits ? logits.sigmoid() : c["probability"], c["target"]);

    private static Tensor ResizedDice(TorchCall c)
    {
        var y = c["target"];
        var x = c["logits"].unsqueeze(1);
        x = F.interpolate(x, size: [y.shape[1], y.shape[2]], mode: InterpolationMode.Bilinear, align_corners: false);
        return Dice(c, x.flatten(1).sigmoid(), y.flatten(1));
    }

    private static Tensor Dice(TorchCall c, Tensor p, Tensor y)
    {
        double smooth = c.Number("alpha", 1) + c.Number("epsilon", 1e-6);
        var loss = 1 - (((2 * (p * y).sum(1)) + smooth) / (p.sum(1) + y.sum(1) + ((c.Number("w_fp", 1) - 1) * (p * (1 - y)).sum(1)) + smooth));
        return c.Text("reduction", "mean") switch
        {
            "sum" => loss.sum(),
            "none" => loss,
            _ => loss.numel() == 0 ? loss.sum() : loss.mean(),
        };
    }
}

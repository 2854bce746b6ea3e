using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;
using Tensor = TorchSharp.torch.Tensor;

namespace Parity.Tests;

/// <summary>Random weights in libtorch, and the layers that several networks are made of.</summary>
/// <param name="tensors">by name in weight files; each asks for its gradient</param>
internal sealed class TorchWeights(IReadOnlyDictionary<string, Tensor> tensors)
{
    public Tensor this[string name] => tensors[name];

    /// <summary>Values of a trained network's size: no output is flat, no attention is uniform or one-hot, no norm is the identity.</summary>
    public static Tensor Random(string name, long[] shape, ScalarType dtype, Generator generator)
    {
        var noise = randn(shape, dtype: dtype, generator: generator);
        if (Buffer(name))
        {
            return name.EndsWith("var", StringComparison.Ordinal) ? (noise * 0.3).exp() : noise * 0.1;
        }

        bool norm = name.Contains("norm", StringComparison.OrdinalIgnoreCase) || name.Contains(".bn", StringComparison.Ordinal)
            || name.Contains("res_features.1.", StringComparison.Ordinal) || name.Contains("downsample.1.", StringComparison.Ordinal);
        double std = shape.Length < 2 ? 0.1
            : name.Contains("embeddings", StringComparison.Ordinal) && !name.Contains("projection", StringComparison.Ordinal) ? 0.5
            : (name.Contains(".output.", StringComparison.Ordinal) ? 0.4 : 1)   // else 12 layers make all tokens of a text alike
                / Math.Sqrt(shape.Skip(1).Aggregate(1L, (a, b) => a * b));
        return ((noise * std) + (norm && name.EndsWith("weight", StringComparison.Ordinal) ? 1 : 0)).detach().requires_grad_(true);
    }

    /// <summary>Whether a batch norm's running statistic is meant, which has no gradient.</summary>
    public static bool Buffer(string name) => name.Contains(".running_", StringComparison.Ordinal);

    public bool Has(string name) => tensors.ContainsKey(name);

    public Tensor Linear(string name, Tensor x) => F.linear(x, this[$"{name}.weight"], this[$"{name}.bias"]);

    public Tensor Norm(string name, Tensor x, double eps) =>
        F.layer_norm(x, [x.shape[^1]], this[$"{name}.weight"], this[$"{name}.bias"], eps);

    /// <summary>Softmax attention of [b,s,d] and [b,t,d] with its weights' mean over heads; mask [b,t]: true = attend.</summary>
    public static (Tensor Y, Tensor Map) Attend(Tensor q, Tensor k, Tensor v, int heads, Tensor? mask = null)
    {
        var (a, b, c) = (Split(q), Split(k), Split(v));
        var scores = a.matmul(b.transpose(-1, -2)) / Math.Sqrt(a.shape[^1]);
        if (mask is not null)
        {
            scores = scores.masked_fill(mask.logical_not().unsqueeze(1).unsqueeze(1), double.NegativeInfinity);
        }

        var weights = scores.softmax(-1);
        return (weights.matmul(c).transpose(1, 2).reshape(q.shape), weights.mean([1]));

        Tensor Split(Tensor x) => x.reshape(x.shape[0], x.shape[1], heads, -1).transpose(1, 2);
    }

    /// <summary>PyTorch's MultiheadAttention: in_proj holds the rows of query, key and value.</summary>
    public (Tensor Y, Tensor Map) MultiHead(string name, Tensor x, Tensor memory, int heads)
    {
        var (w, b) = (this[$"{name}.in_proj_weight"].chunk(3, 0), this[$"{name}.in_proj_bias"].chunk(3, 0));
        var (y, map) = Attend(F.linear(x, w[0], b[0]), F.linear(memory, w[1], b[1]), F.linear(memory, w[2], b[2]), heads);
        return (Linear($"{name}.out_proj", y), map);
    }
}

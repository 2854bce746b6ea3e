using System.Globalization;
using Dwarf.Model;
using Engine.Autograd.Operators;
using Engine.Tensors;

namespace Dwarf.Cli.SelfTests;

/// <summary>One call of an operator for `self-test`.</summary>
/// <param name="Operator">its name</param>
/// <param name="Inputs">names, shapes and rules: "x[3,64] target[3]:below:4"; without a rule normal numbers, ids below 4, keys mostly
/// true</param>
/// <param name="Attributes">"eps=1e-5"; empty: the defaults</param>
internal sealed record SelfTestCase(string Operator, string Inputs, string Attributes = "")
{
    /// <summary>
    /// Every operator of `op list`, at sizes with tails; those with kernels of their own for long rows or for bf16 more than once.
    /// </summary>
    public static IReadOnlyList<SelfTestCase> All { get; } =
    [
        new("matmul", "a[3,33,70] b[3,70,50]"),
        new("matmul", "a[70,33] b[50,70]", "transpose_a=true transpose_b=true"),
        new("linear", "x[5,37,64] weight[96,64] bias[96]", "activation=gelu"),
        new("linear", "x[300,33] weight[17,33] bias[17]", "activation=relu"),
        new("linear", "x[197,64] weight[64,64]"),
        new("add", "a[7,5,33] b[5,1]"),
        new("mul", "a[7,5,33] b[33]"),
        new("gelu", "x[9,1001]"),
        new("relu", "x[9,1001]:away"),
        new("tanh", "x[9,1001]"),
        new("sigmoid", "x[9,1001]"),
        new("softmax", "x[41,197]"),
        new("softmax", "x[3,2,1500]"),
        new("layer_norm", "x[3,197,768] weight[768] bias[768] residual[3,197,768]"),
        new("layer_norm", "x[20,33] weight[33] bias[33]"),
        new("layer_norm", "x[7,1500] weight[1500] bias[1500]"),
        new("dropout", "x[5,1003]", "p=0.3 seed=9 offset=5"),
        new("embedding", "ids[200]:below:9 weight[9,130]"),
        new("patch_embedding", "image[3,3,32,48] weight[40,3,16,16] bias[40] cls_token[1,1,40] position_embeddings[1,7,40]"),
        new("attention", "q[2,3,197,64] k[2,3,197,64] v[2,3,197,64]"),
        new("attention", "q[2,2,19,16] k[2,2,33,16] v[2,2,33,16] key_mask[2,33]", "dropout_p=0.2 seed=3"),
        new("cross_attention", "q[2,4,13,64] k[2,4,196,64] v[2,4,196,64]"),
        new("cross_attention", "q[2,2,3,16] k[2,2,33,16] v[2,2,33,16] key_mask[2,33]"),
        new("conv2d", "x[3,5,17,19] weight[12,5,3,3] bias[12]", "stride=2,1 padding=1"),
        new("conv2d", "x[3,33,9,7] weight[20,33,1,1]"),
        new("batch_norm", "x[3,33,9,7] running_mean[33] running_var[33]:positive weight[33] bias[33]", "training=true"),
        new("batch_norm", "x[3,33,9,7] running_mean[33] running_var[33]:positive weight[33] bias[33]", "eps=0.1"),
        new("max_pool2d", "x[3,5,17,19]:distinct", "kernel_size=3 stride=2 padding=1"),
        new("permute", "x[5,37,3,20]", "dims=0,2,1,3"),
        new("permute", "x[40,3,70]", "dims=2,1,0"),
        new("concat", "x0[3,5,7] x1[3,2,7]", "dim=1"),
        new("slice", "x[3,50,33]", "dim=1 start=3 end=-1"),
        new("scale_map", "x[7,196]:distinct"),
        new("scale_map", "x[7,196]:distinct", "by=minmax"),
        new("bilinear_resize", "x[2,3,14,14]", "height=56 width=50"),
        new("reduce_sum", "x[37,5,66]", "axes=0,2"),
        new("reduce_mean", "x[37,66]", "axes=-1"),
        new("bce_with_logits", "logits[17,14] target[17,14]:binary"),
        new("cross_entropy", "logits[65,5] target[65]:below:5"),
        new("fp_weighted_dice", "logits[5,3137] target[5,3137]:binary", "w_fp=2"),
        new("fp_weighted_dice", "probability[5,196]:positive target[5,196]:binary"),
        new("adamw", "param[3,5001] grad[3,5001] exp_avg[3,5001] exp_avg_sq[3,5001]:positive", "step=3"),
    ];

    /// <summary>The operator.</summary>
    public OperatorInfo Info => Engine.Autograd.Operators.All.Operators.Single(info => info.Name == Operator);

    /// <summary>Its attributes as `op run` takes them.</summary>
    public Dictionary<string, string> AttributeTexts => Words(Attributes).ToDictionary(p => p[..p.IndexOf('=')],
        p => p[(p.IndexOf('=') + 1)..]);

    /// <summary>The inputs, floating ones in f64; the same on every machine.</summary>
    public Dictionary<string, Tensor> Tensors()
    {
        var result = new Dictionary<string, Tensor>();
        foreach (string input in Words(Inputs))
        {
            int open = input.IndexOf('['), close = input.IndexOf(']');
            string name = input[..open];
            var shape = new Shape([.. input[(open + 1)..close].Split(',').Select(size => long.Parse(size, CultureInfo.InvariantCulture))]);
            string[] rule = input[(close + 1)..].Split(':', StringSplitOptions.RemoveEmptyEntries);
            result[name] = Make(shape, OperatorCall.Declaration(Info, name)!.DType, rule, CounterRandom.Key(1, $"{Operator}.{name}"));
        }
        return result;
    }

    /// <summary>Normal numbers from a named sequence.</summary>
    public static Tensor Normal(Shape shape, string name) => Make(shape, "float", [], CounterRandom.Key(2, name));

    private static Tensor Make(Shape shape, string dtype, string[] rule, ulong key)
    {
        int count = checked((int)shape.Count);
        if (dtype == "i64")
        {
            ulong below = rule.Length > 1 ? ulong.Parse(rule[1], CultureInfo.InvariantCulture) : 4;
            return Tensor.From<long>(shape, [.. Enumerable.Range(0, count).Select(i => (long)(CounterRandom.Bits(key, i) % below))]);
        }
        if (dtype == "bool")
        {
            return Tensor.From<bool>(shape, [.. Enumerable.Range(0, count).Select(i => i % shape[-1] == 0
                || CounterRandom.Uniform(key, i) < 0.75)]);
        }
        return Tensor.From<double>(shape, [.. Enumerable.Range(0, count).Select(i => Value(i))]);

        double Value(int i) => (rule.Length > 0 ? rule[0] : "") switch
        {
            "" => CounterRandom.Normal(key, i),
            "away" => CounterRandom.Normal(key, i) is var x && x < 0 ? x - 0.05 : x + 0.05,            // relu has a kink at 0
            "positive" => CounterRandom.Uniform(key, i),
            "binary" => CounterRandom.Uniform(key, i) < 0.3 ? 1 : 0,
            "distinct" => ((i * 7919L) % count - count / 2) / (double)count,   // no two are close: extrema are clear
            _ => throw new ArgumentException($"unknown rule {rule[0]}"),
        };
    }

    private static string[] Words(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}

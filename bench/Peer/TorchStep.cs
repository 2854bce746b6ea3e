using Engine.Tensors;
using Engine.Tensors.Safetensors;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;
using Tensor = TorchSharp.torch.Tensor;

namespace Peer;

/// <summary>libtorch's side: the network as functions of the engine's parameters by name.</summary>
internal sealed class TorchStep
{
    private const string Image = "image_encoder.vit", Decoder = "model";
    private readonly Dictionary<string, Parameter> _parameters = [];
    private readonly bool _lean;

    private TorchStep(string weights, bool lean)
    {
        _lean = lean;
        using var file = SafetensorsFile.Open(weights);
        foreach (var entry in file.Entries)
        {
            var value = file.Read(entry.Name);
            _parameters[entry.Name] = new Parameter(Own(value.ToArray<float>(), entry.Shape.ToArray()));
            GC.KeepAlive(value);
        }
    }

    public static double[] Run(string weights, int batch, int steps, int threads, bool lean)
    {
        set_num_threads(threads);
        var net = new TorchStep(weights, lean);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        var image = Own(StepInputs.Image(batch), [batch, 3, 224, 224]);
        var features = Own(StepInputs.Features(), [1, 768]);
        var labels = Own(StepInputs.Labels(batch), [batch]);
        var masks = Own(StepInputs.Masks(batch), [batch, 224 * 224]);
        using var own = new LeanAdamW(net._parameters);
        using var usual = lean ? null : net.UsualAdamW();
        var losses = new double[steps];
        for (int step = 0; step < steps; step++)
        {
            using var scope = NewDisposeScope();
            if (lean)
            {
                LeanAdamW.DropGradients(net._parameters);
            }
            else
            {
                usual!.zero_grad();
            }

            var loss = net.Loss(image, features, labels, masks);
            loss.backward();
            losses[step] = loss.item<float>();
            if (lean)
            {
                own.Step();
            }
            else
            {
                usual!.step();
            }
        }

        return losses;
    }

    private optim.Optimizer UsualAdamW()
    {
        var groups = new[] { true, false }.Select(decays => new AdamW.ParamGroup(
            _parameters.Where(p => LeanAdamW.Decays(p.Key, p.Value) == decays).Select(p => p.Value),
            new AdamW.Options { weight_decay = decays ? StepInputs.WeightDecay : 0 }));
        return optim.AdamW(groups, lr: StepInputs.LearningRate, weight_decay: StepInputs.WeightDecay);
    }

    private Tensor Loss(Tensor image, Tensor features, Tensor labels, Tensor masks)
    {
        var (logits, map) = Decode(features, Vit(image), image.shape[0]);
        return Scoped(() =>
        {
            using var rows = labels.eq(1).nonzero().flatten();
            var (shown, truth) = (map.index_select(0, rows), masks.index_select(0, rows));
            var scaled = (shown / shown.amax([1L], keepdim: true)).clamp(1e-4, 1 - 1e-4);
            var refined = Linear(scaled.logit(), $"heads.{StepInputs.Finding}").reshape(-1, 1, 14, 14);
            var p = F.interpolate(refined, size: [224, 224], mode: InterpolationMode.Bilinear, align_corners: false).flatten(1).sigmoid();
            var (tp, fp) = ((p * truth).sum(1), (p * (1 - truth)).sum(1));
            double smooth = StepInputs.Alpha + StepInputs.Epsilon;
            var score = ((2 * tp) + smooth) / (p.sum(1) + truth.sum(1) + ((StepInputs.WFp - 1) * fp) + smooth);
            return (StepInputs.Lambda * (1 - score).mean()) + ((1 - StepInputs.Lambda) * F.cross_entropy(logits, labels));
        });
    }

    private Tensor Vit(Tensor image)
    {
        var x = Scoped(() =>
        {
            string e = $"{Image}.embeddings";
            var patches = F.conv2d(image, P($"{e}.patch_embeddings.projection.weight"), P($"{e}.patch_embeddings.projection.bias"), strides: [16, 16]);
            var tokens = cat([P($"{e}.cls_token").expand(image.shape[0], 1, 768), patches.flatten(2).transpose(1, 2)], 1);
            return tokens + P($"{e}.position_embeddings");
        });
        for (int i = 0; i < 12; i++)
        {
            string block = $"{Image}.encoder.layer.{i}";
            x = Scoped(() =>
            {
                var y = Norm(x, $"{block}.layernorm_before", 1e-12);
                var qkv = Linear(y, $"{block}.attention.attention.qkv").chunk(3, -1);
                var a = Merge(F.scaled_dot_product_attention(Split(qkv[0], 12), Split(qkv[1], 12), Split(qkv[2], 12)));
                var s = x + Linear(a, $"{block}.attention.output.dense");
                var hidden = F.gelu(Linear(Norm(s, $"{block}.layernorm_after", 1e-12), $"{block}.intermediate.dense"));
                return s + Linear(hidden, $"{block}.output.dense");
            }, x);
        }

        return Scoped(() => Norm(x, $"{Image}.layernorm", 1e-12)[.., 1..], x);
    }

    /// <summary>Logits [b,2] and the last block's map [b,196].</summary>
    private (Tensor Logits, Tensor Map) Decode(Tensor features, Tensor patches, long batch)
    {
        string norm = $"{Decoder}.decoder_norm";
        var memory = Scoped(() => Norm(patches, norm, 1e-5), patches);
        var x = Scoped(() => Norm(features, norm, 1e-5).unsqueeze(0).expand(batch, 1, 768));
        Tensor map = x;
        for (int i = 0; i < 4; i++)
        {
            string block = $"{Decoder}.decoder.layers.{i}";
            x = Scoped(() =>
            {
                var qkv = Linear(Norm(x, $"{block}.norm1", 1e-5), $"{block}.self_attn.in_proj", '_').chunk(3, -1);
                var own = Merge(F.scaled_dot_product_attention(Split(qkv[0], 4), Split(qkv[1], 4), Split(qkv[2], 4)));
                var s = x + Linear(own, $"{block}.self_attn.out_proj");
                var q = Split(Linear(Norm(s, $"{block}.norm2", 1e-5), $"{block}.multihead_attn.in_proj_01", '_'), 4);
                var kv = Linear(memory, $"{block}.multihead_attn.in_proj_13", '_').chunk(2, -1);
                var weights = F.softmax(matmul(q, Split(kv[0], 4).transpose(-2, -1)) / Math.Sqrt(192), -1);
                if (i == 3)
                {
                    map = weights.mean([1L]).squeeze(1);
                    if (_lean)
                    {
                        map = map.MoveToOuterDisposeScope();
                    }
                }

                s = s + Linear(Merge(matmul(weights, Split(kv[1], 4))), $"{block}.multihead_attn.out_proj");
                return s + Linear(F.relu(Linear(Norm(s, $"{block}.norm3", 1e-5), $"{block}.linear1")), $"{block}.linear2");
            }, x);
        }

        return (Scoped(() => Linear(Norm(x, norm, 1e-5), $"{Decoder}.mlp_head.0").squeeze(1), x), map);
    }

    /// <summary>Lean: temporaries of a part, and its input where it is the last reader, are freed as soon as the part is over.</summary>
    private Tensor Scoped(Func<Tensor> part, Tensor? last = null)
    {
        if (!_lean)
        {
            return part();
        }

        using var scope = NewDisposeScope();
        var result = part().MoveToOuterDisposeScope();
        last?.Dispose();
        return result;
    }

    /// <summary>A copy, so that no managed array stays alive.</summary>
    private static Tensor Own<T>(T[] values, long[] shape)
        where T : unmanaged
    {
        using var shared = from_array(values);
        return shared.reshape(shape).clone();
    }

    private Tensor P(string name) => _parameters[name];

    private Tensor Linear(Tensor x, string name, char dot = '.') => F.linear(x, P($"{name}{dot}weight"), P($"{name}{dot}bias"));

    private Tensor Norm(Tensor x, string name, double eps) => F.layer_norm(x, [768], P($"{name}.weight"), P($"{name}.bias"), eps);

    private static Tensor Split(Tensor x, int heads) => x.reshape(x.shape[0], x.shape[1], heads, -1).transpose(1, 2);

    private static Tensor Merge(Tensor x) => x.transpose(1, 2).flatten(2);
}

using Engine.Autograd;
using Engine.Autograd.Optim;
using Engine.Kernels;
using Engine.Tensors;

namespace Dwarf.Cli.Explain;

/// <summary>What `kernels explain` runs, and what the tests of the headers' claims run: together they launch every kernel.</summary>
public static class ExplainCases
{
    /// <summary>All cases.</summary>
    public static IReadOnlyList<ExplainCase> All { get; } =
    [
        ExplainCase.Of("matmul", "a[12,197,64] b[64,197]"),
        ExplainCase.Of("matmul", "a[197,64] b[12,64,197]", "", DType.BF16),      // da is a sum over the 12
        ExplainCase.Of("linear", "x[197,768] weight[768,768] bias[768]"),
        ExplainCase.Of("linear", "x[197,768] weight[3072,768] bias[3072]", "activation=gelu"),
        ExplainCase.Of("linear", "x[196,768] weight[3072,768] bias[3072]", "activation=relu"),
        ExplainCase.Of("linear", "x[197,768] weight[3072,768] bias[3072]", "activation=gelu", DType.BF16),
        ExplainCase.Of("add", "a[197,768] b[197,768]"),
        ExplainCase.Of("add", "a[197,768] b[768]"),
        ExplainCase.Of("mul", "a[197,768] b[197,768]"),
        ExplainCase.Of("mul", "a[197,768] b[768]"),
        ExplainCase.Of("mul", "a[32,196] b[32,1]"),
        ExplainCase.Of("gelu", "x[197,3072]"),
        ExplainCase.Of("relu", "x[197,3072]"),
        ExplainCase.Of("tanh", "x[197,768]"),
        ExplainCase.Of("sigmoid", "x[32,50176]"),
        ExplainCase.Of("softmax", "x[12,197,197]"),
        ExplainCase.Of("softmax", "x[12,197,197] mask[197]"),
        ExplainCase.Of("softmax", "x[16,8192]"),
        ExplainCase.Of("layer_norm", "x[197,768] weight[768] bias[768]", "eps=1e-12"),
        ExplainCase.Of("layer_norm", "x[197,768] residual[197,768] weight[768] bias[768]", "eps=1e-12"),
        ExplainCase.Of("layer_norm", "x[197,768] residual[197,768] weight[768] bias[768]", "eps=1e-12", DType.BF16),
        ExplainCase.Of("layer_norm", "x[64,3072] weight[3072] bias[3072]"),
        ExplainCase.Of("dropout", "x[197,768]"),
        ExplainCase.Of("embedding", "ids[13,64] weight[2048,768]"),
        ExplainCase.Of("patch_embedding", "image[1,3,224,224] weight[768,3,16,16] bias[768] cls_token[1,1,768] position_embeddings[1,197,768]"),
        ExplainCase.Of("attention", "q[1,2,197,64] k[1,2,197,64] v[1,2,197,64]"),
        ExplainCase.Of("attention", "q[1,12,197,64] k[1,12,197,64] v[1,12,197,64]", "", DType.BF16),
        ExplainCase.Of("cross_attention", "q[1,4,13,192] k[1,4,196,192] v[1,4,196,192]"),
        ExplainCase.Of("cross_attention", "q[1,4,13,192] k[1,4,196,192] v[1,4,196,192]", "", DType.BF16),
        ExplainCase.Of("conv2d", "x[2,32,28,28] weight[64,32,3,3] bias[64]", "padding=1"),
        ExplainCase.Of("conv2d", "x[2,32,28,28] weight[64,32,3,3]", "stride=2 padding=1"),
        ExplainCase.Of("batch_norm", "x[2,64,56,56] running_mean[64] running_var[64] weight[64] bias[64]", "training=true"),
        ExplainCase.Of("batch_norm", "x[2,64,56,56] running_mean[64] running_var[64] weight[64] bias[64]"),
        ExplainCase.Of("max_pool2d", "x[1,16,56,56]", "kernel_size=3 stride=2 padding=1"),
        ExplainCase.Of("permute", "x[197,12,64]", "dims=1,0,2"),
        ExplainCase.Of("permute", "x[768,768]", "dims=1,0"),
        ExplainCase.Of("permute", "x[14,14,16,16]", "dims=3,1,0,2"),
        ExplainCase.Of("concat", "x0[1,1,768] x1[1,196,768]", "dim=1"),
        ExplainCase.Of("slice", "x[1,197,768]", "dim=1 start=1 end=197"),
        ExplainCase.Of("scale_map", "x[32,196]"),
        ExplainCase.Of("scale_map", "x[32,196]", "by=minmax"),
        ExplainCase.Of("scale_map", "x[32,196]", "by=size"),
        ExplainCase.Of("bilinear_resize", "x[4,1,14,14]", "height=224 width=224"),
        ExplainCase.Of("reduce_sum", "x[197,768]", "axes=0"),
        ExplainCase.Of("reduce_mean", "x[197,768]", "axes=-1"),
        ExplainCase.Of("reduce_sum", "x[197,768]"),
        ExplainCase.Of("bce_with_logits", "logits[256,14] target[256,14]"),
        ExplainCase.Of("cross_entropy", "logits[448,2] target[448]"),
        ExplainCase.Of("soft_cross_entropy", "logits[64,64] target[64,64]"),
        ExplainCase.Of("fp_weighted_dice", "probability[8,50176] target[8,50176]"),
        ExplainCase.Of("fp_weighted_dice", "logits[8,50176] target[8,50176]", "w_fp=2"),
        ExplainCase.Of("resized_dice", "logits[4,14,14] target[4,224,224]", "w_fp=2"),
        ExplainCase.Of("logit", "x[32,196]"),
        ExplainCase.Of("normalize", "x[64,768]"),
        ExplainCase.Of("adamw", "param[768,768] grad[768,768] exp_avg[768,768] exp_avg_sq[768,768]"),
        new("self_attention over packed qkv[1,197,384], 2 heads f32", ["self_attention"], SelfAttention),
        new("training step: gradients that meet, clipping, AdamW and a moving average over an arena of 1,181,184 parameters",
            ["accumulate", "gradient_norm", "adamw"], TrainingStep),
    ];

    private static void SelfAttention(CudaDevice device)
    {
        using var tape = new Tape(device);
        var qkv = tape.Leaf(ExplainCase.Values([1, 197, 3 * 2 * 64], "float", false));
        var y = tape.SelfAttention(qkv, 2);
        tape.Backward([y], [tape.OnDevice(ExplainCase.Values(y.Shape, "float", false))]);
    }

    private static void TrainingStep(CudaDevice device)
    {
        using var store = new ParameterStore(DType.F32, device.Memory);
        Parameter weight = null!, bias = null!;
        store.Declare("weight", [768, 1537], true, static t => t.Span<float>().Fill(0.01f), p => weight = p);
        store.Declare("bias", [768], false, static _ => { }, p => bias = p);
        store.Build();
        var optimiser = new AdamW(store);
        var clipping = new GradientClipping(store);
        var average = new WeightAverage(store, 0.999) { Updates = 1 };
        using var tape = new Tape(device);
        var x = tape.Leaf(ExplainCase.Values([64, 1537], "float", false));
        var y = tape.Linear(x, weight, bias);

        // Used twice, so that two gradients meet.
        var z = tape.Mul(tape.Add(y, tape.Gelu(y)), y);
        tape.Backward(tape.ReduceMean(z));
        clipping.Clip(device, 1);
        optimiser.Step(device, 1e-3);
        average.Update(device);
        AccumulateCuda.Widen(device, new Tensor([4096], DType.F32, device.Memory), new Tensor([4096], DType.BF16, device.Memory), adds: true);
        tape.Reset();
    }
}

using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;
using Tensor = TorchSharp.torch.Tensor;

namespace Parity.Tests;

/// <summary>ResNet-50 (He et al. 2016, stride in the 3×3 convolution) with KAD's two linear layers, in libtorch's operators.</summary>
internal static class TorchResnet
{
    private static readonly int[] s_blocks = [3, 4, 6, 3];

    /// <summary>Through a stage, 3 (stride 16) or 4 (stride 32); in training the running statistics of the weights move.</summary>
    public static (Tensor Patches, Tensor Pooled) Run(TorchWeights w, string name, Tensor image, int stages, bool training)
    {
        string features = $"{name}.res_features";
        var x = Normed(w, image, $"{features}.0", $"{features}.1", stride: 2, training).relu();
        x = F.max_pool2d(x, 3, stride: 2, padding: 1);
        for (int stage = 0; stage < stages; stage++)
        {
            for (int block = 0; block < s_blocks[stage]; block++)
            {
                x = Bottleneck(w, x, $"{features}.{stage + 4}.{block}", stride: stage > 0 && block == 0 ? 2 : 1, training);
            }
        }

        var tokens = w.Linear($"{name}.res_l2", w.Linear($"{name}.res_l1", x.flatten(2).transpose(1, 2)).relu());
        return (tokens, tokens.mean([1]));
    }

    private static Tensor Bottleneck(TorchWeights w, Tensor x, string block, int stride, bool training)
    {
        var y = Normed(w, x, $"{block}.conv1", $"{block}.bn1", 1, training).relu();
        y = Normed(w, y, $"{block}.conv2", $"{block}.bn2", stride, training).relu();
        y = Normed(w, y, $"{block}.conv3", $"{block}.bn3", 1, training);
        bool shortcut = w.Has($"{block}.downsample.0.weight");
        return (y + (shortcut ? Normed(w, x, $"{block}.downsample.0", $"{block}.downsample.1", stride, training) : x)).relu();
    }

    private static Tensor Normed(TorchWeights w, Tensor x, string conv, string norm, int stride, bool training)
    {
        var kernel = w[$"{conv}.weight"];
        long padding = kernel.shape[2] / 2;
        var y = F.conv2d(x, kernel, strides: [stride, stride], padding: [padding, padding]);
        return F.batch_norm(
            y, w[$"{norm}.running_mean"], w[$"{norm}.running_var"], w[$"{norm}.weight"], w[$"{norm}.bias"], training, momentum: 0.1, eps: 1e-5);
    }
}

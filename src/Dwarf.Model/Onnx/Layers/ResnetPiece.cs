using Dwarf.Model.Weights;

namespace Dwarf.Model.Onnx.Layers;

/// <summary>A ResNet of bottleneck blocks and the two linear layers behind its grid; batch norms use their running statistics.</summary>
internal static class ResnetPiece
{
    private const double Epsilon = 1e-5;

    /// <summary>Encodes images.</summary>
    /// <param name="graph">receives it</param>
    /// <param name="config">sizes</param>
    /// <param name="image">[b,c,h,w]</param>
    /// <returns>patch tokens [b,hw,d] and their mean [b,d]</returns>
    public static (string Patches, string Pooled) Resnet(this OnnxGraph graph, ImageEncoderConfig config, string image)
    {
        var resnet = config.Resnet!;
        string features = $"{WeightNames.Image}.res_features";
        string x = graph.Add($"{features}.1", "Relu", [Convolution(graph, $"{features}.0", $"{features}.1", image, 7, 2)]);
        x = graph.Add(
            $"{features}.3", "MaxPool", [x], OnnxAttribute.Ints("kernel_shape", 3, 3), OnnxAttribute.Ints("strides", 2, 2),
            OnnxAttribute.Ints("pads", 1, 1, 1, 1));
        for (int stage = 1; stage <= resnet.Stage; stage++)
        {
            for (int i = 0; i < resnet.Blocks.Of(stage); i++)
            {
                x = Block(graph, $"{features}.{stage + 3}.{i}", x, stage > 1 && i == 0 ? 2 : 1, i == 0);
            }
        }

        int channels = resnet.Channels(resnet.Stage);
        string grid = graph.Transpose(features, graph.Reshape(features, x, OnnxDim.Rest, channels, config.Patches), 0, 2, 1);
        string first = graph.Linear($"{WeightNames.Image}.res_l1", graph.Reshape(features, grid, OnnxDim.Rest, channels));
        string tokens = graph.Linear($"{WeightNames.Image}.res_l2", graph.Add($"{WeightNames.Image}.res_l1", "Relu", [first]));
        string patches = graph.Reshape(WeightNames.Image, tokens, OnnxDim.Rest, config.Patches, config.Width);
        return (patches, graph.Add(
            WeightNames.Image, "ReduceMean", [patches], OnnxAttribute.Ints("axes", 1), OnnxAttribute.Int("keepdims", 0)));
    }

    private static string Block(OnnxGraph graph, string name, string x, int stride, bool first)
    {
        string y = graph.Add(name, "Relu", [Convolution(graph, $"{name}.conv1", $"{name}.bn1", x, 1, 1)]);
        y = graph.Add(name, "Relu", [Convolution(graph, $"{name}.conv2", $"{name}.bn2", y, 3, stride)]);
        y = Convolution(graph, $"{name}.conv3", $"{name}.bn3", y, 1, 1);
        string shortcut = first ? Convolution(graph, $"{name}.downsample.0", $"{name}.downsample.1", x, 1, stride) : x;
        return graph.Add(name, "Relu", [graph.Add(name, "Add", [y, shortcut])]);
    }

    /// <summary>A square convolution without bias, padded by half its side, and the batch norm behind it.</summary>
    private static string Convolution(OnnxGraph graph, string name, string norm, string x, int side, int stride)
    {
        long edge = side / 2;
        string y = graph.Add(
            name, "Conv", [x, graph.Weight($"{name}.weight")], OnnxAttribute.Ints("kernel_shape", side, side),
            OnnxAttribute.Ints("strides", stride, stride), OnnxAttribute.Ints("pads", edge, edge, edge, edge));
        string[] statistics = [.. new[] { "weight", "bias", "running_mean", "running_var" }.Select(part => graph.Weight($"{norm}.{part}"))];
        return graph.Add(norm, "BatchNormalization", [y, .. statistics], OnnxAttribute.Float("epsilon", Epsilon));
    }
}

using Dwarf.Model.Layers;
using Engine.Autograd;
using Engine.Kernels;
using Engine.Tensors;

namespace Dwarf.Model;

/// <summary>A ResNet of bottleneck blocks and two linear layers behind its grid, as KAD's and MedKLIP's image encoders.</summary>
/// <remarks>
/// He et al. 2016, arXiv:1512.03385, with the stride in the 3×3 convolution, as torchvision. Names as res_features.* of the published
/// classes; the pooled token is the mean over the patches.
/// </remarks>
public sealed class ResnetEncoder : ImageEncoder
{
    private const int Expansion = 4;

    // Made once: in a debug build a literal list allocates each time it is met.
    private static readonly int[] s_channelsLast = [0, 2, 1];
    private static readonly long[] s_patches = [1];

    private readonly Convolution _stem;
    private readonly Block[] _blocks;
    private readonly Linear _first;
    private readonly Linear _second;

    internal ResnetEncoder(Plan plan, string prefix, ImageEncoderConfig config)
    {
        var resnet = config.Resnet!;
        string features = $"{prefix}.res_features";
        _stem = new Convolution(
            plan, $"{features}.0", $"{features}.1", config.Channels, resnet.Stem, side: 7, stride: 2, resnet.FrozenStatistics);
        var blocks = new List<Block>();
        int channels = resnet.Stem;
        for (int stage = 1; stage <= resnet.Stage; stage++)
        {
            for (int i = 0; i < resnet.Blocks.Of(stage); i++)
            {
                int stride = stage > 1 && i == 0 ? 2 : 1;
                blocks.Add(new Block(
                    plan, $"{features}.{stage + 3}.{i}", channels, resnet.Bottleneck << (stage - 1), stride, i == 0, resnet.FrozenStatistics));
                channels = resnet.Channels(stage);
            }
        }

        _blocks = [.. blocks];
        _first = new Linear(plan, $"{prefix}.res_l1", channels, channels);
        _second = new Linear(plan, $"{prefix}.res_l2", channels, config.Width);
    }

    /// <summary>Encodes images.</summary>
    /// <param name="tape">records it</param>
    /// <param name="image">[b,c,h,w], normalised</param>
    /// <param name="training">whether batch norms that are trained use the batch's own statistics and move the running ones</param>
    /// <returns>patch tokens [b,hw,d], row-major over the grid, and their mean [b,d]</returns>
    public override (Variable Patches, Variable Pooled) Forward(Tape tape, Variable image, bool training = false)
    {
        var x = tape.MaxPool2d(tape.Relu(_stem.Apply(tape, image, training)), 3, 3, 2, 2, 1, 1);
        foreach (var block in _blocks)
        {
            x = block.Forward(tape, x, training);
        }

        Shape flat = [x.Shape[0], x.Shape[1], x.Shape[2] * x.Shape[3]];
        var tokens = tape.Permute(tape.Reshape(x, flat), s_channelsLast);
        var patches = _second.Apply(tape, _first.Apply(tape, tokens, GemmActivation.Relu));
        return (patches, tape.ReduceMean(patches, s_patches));
    }

    private sealed class Block
    {
        private readonly Convolution _narrow;
        private readonly Convolution _middle;
        private readonly Convolution _wide;
        private readonly Convolution? _shortcut;

        public Block(Plan plan, string name, int inputs, int width, int stride, bool first, bool frozen)
        {
            _narrow = new Convolution(plan, $"{name}.conv1", $"{name}.bn1", inputs, width, 1, 1, frozen);
            _middle = new Convolution(plan, $"{name}.conv2", $"{name}.bn2", width, width, 3, stride, frozen);
            _wide = new Convolution(plan, $"{name}.conv3", $"{name}.bn3", width, Expansion * width, 1, 1, frozen);
            _shortcut = first
                ? new Convolution(plan, $"{name}.downsample.0", $"{name}.downsample.1", inputs, Expansion * width, 1, stride, frozen)
                : null;
        }

        public Variable Forward(Tape tape, Variable x, bool training)
        {
            var y = tape.Relu(_narrow.Apply(tape, x, training));
            y = tape.Relu(_middle.Apply(tape, y, training));
            y = _wide.Apply(tape, y, training);
            return tape.Relu(tape.Add(y, _shortcut is null ? x : _shortcut.Apply(tape, x, training)));
        }
    }
}

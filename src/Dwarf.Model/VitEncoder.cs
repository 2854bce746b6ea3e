using Dwarf.Model.Layers;
using Engine.Autograd;
using Engine.Kernels;

namespace Dwarf.Model;

/// <summary>The vision transformer: pre-norm blocks, exact GELU, final norm applied; names as Hugging Face's ViT model.</summary>
/// <remarks>Dosovitskiy et al. 2021, arXiv:2010.11929; no dropout, as in the published base model.</remarks>
public sealed class VitEncoder
{
    private readonly ImageEncoderConfig _config;
    private readonly Block[] _blocks;
    private readonly Norm _final;
    private Parameter _patchWeight = null!;
    private Parameter _patchBias = null!;
    private Parameter _clsToken = null!;
    private Parameter _positions = null!;

    internal VitEncoder(Plan plan, string prefix, ImageEncoderConfig config)
    {
        _config = config;
        int d = config.Width;
        plan.Declare($"{prefix}.embeddings.cls_token", [1, 1, d], false, plan.Normal, p => _clsToken = p);
        var places = config.PositionStd is { } std ? Initial.Normal(std) : plan.Normal;
        plan.Declare($"{prefix}.embeddings.position_embeddings", [1, 1 + config.Patches, d], false, places, p => _positions = p);
        string patches = $"{prefix}.embeddings.patch_embeddings.projection";
        plan.Declare($"{patches}.weight", [d, config.Channels, config.Patch, config.Patch], true, plan.Normal, p => _patchWeight = p);
        plan.Declare($"{patches}.bias", [d], false, Initial.Zeros, p => _patchBias = p);
        _blocks = [.. Enumerable.Range(0, config.Layers).Select(i => new Block(plan, $"{prefix}.encoder.layer.{i}", config))];
        _final = new Norm(plan, $"{prefix}.layernorm", d, config.Epsilon);
    }

    /// <summary>Encodes images.</summary>
    /// <param name="tape">records it</param>
    /// <param name="image">[b,c,h,w], normalised</param>
    /// <returns>patch tokens [b,hw,d], row-major over the grid, and the CLS token [b,d], both after the final norm</returns>
    public (Variable Patches, Variable Pooled) Forward(Tape tape, Variable image)
    {
        var stream = tape.PatchEmbedding(image, _patchWeight, _patchBias, _clsToken, _positions);
        var y = _blocks[0].Before.Apply(tape, stream);
        for (int i = 0; i < _blocks.Length; i++)
        {
            var block = _blocks[i];
            (y, stream) = block.After.Apply(tape, block.Attend(tape, y), stream);
            var next = i + 1 < _blocks.Length ? _blocks[i + 1].Before : _final;
            (y, stream) = next.Apply(tape, block.FeedForward(tape, y), stream);
        }

        var pooled = tape.Slice(y, 1, 0, 1);
        return (tape.Slice(y, 1, 1, y.Shape[1]), tape.Reshape(pooled, [y.Shape[0], _config.Width]));
    }

    private sealed class Block(Plan plan, string name, ImageEncoderConfig config)
    {
        private readonly SelfAttention _attention = SelfAttention.HuggingFace(
            plan, $"{name}.attention.attention", $"{name}.attention.output.dense", config.Width, config.Heads);

        private readonly Linear _up = new(plan, $"{name}.intermediate.dense", config.Width, config.Hidden);
        private readonly Linear _down = new(plan, $"{name}.output.dense", config.Hidden, config.Width);

        public Norm Before { get; } = new(plan, $"{name}.layernorm_before", config.Width, config.Epsilon);

        public Norm After { get; } = new(plan, $"{name}.layernorm_after", config.Width, config.Epsilon);

        public Variable Attend(Tape tape, Variable y) => _attention.Apply(tape, y);

        public Variable FeedForward(Tape tape, Variable y) => _down.Apply(tape, _up.Apply(tape, y, GemmActivation.Gelu));
    }
}

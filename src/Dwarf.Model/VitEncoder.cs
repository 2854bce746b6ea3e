using Dwarf.Model.Layers;
using Engine.Autograd;
using Engine.Kernels;

namespace Dwarf.Model;

/// <summary>The vision transformer: pre-norm blocks and exact GELU, in Hugging Face's layout and in lukemelas'.</summary>
/// <remarks>
/// Dosovitskiy et al. 2021, arXiv:2010.11929; no dropout, as in the published base model. In Hugging Face's layout the final norm is
/// applied to the tokens, in lukemelas' KAD takes them before it.
/// </remarks>
public sealed class VitEncoder : ImageEncoder
{
    private static readonly Segment s_block = RunBlock;
    private readonly ImageEncoderConfig _config;
    private readonly Block[] _blocks;
    private readonly Norm? _final;
    private Parameter _patchWeight = null!;
    private Parameter _patchBias = null!;
    private Parameter _clsToken = null!;
    private Parameter _positions = null!;

    internal VitEncoder(Plan plan, VitNames names, ImageEncoderConfig config)
    {
        _config = config;
        int d = config.Width;
        plan.Declare(names.ClassToken, [1, 1, d], false, plan.Normal, p => _clsToken = p);
        var places = config.PositionStd is { } std ? Initial.Normal(std) : plan.Normal;
        plan.Declare(names.Positions, [1, 1 + config.Patches, d], false, places, p => _positions = p);
        plan.Declare(
            $"{names.Patches}.weight", [d, config.Channels, config.Patch, config.Patch], true, plan.Normal, p => _patchWeight = p);
        plan.Declare($"{names.Patches}.bias", [d], false, Initial.Zeros, p => _patchBias = p);
        _blocks = [.. Enumerable.Range(0, config.Layers).Select(i => new Block(plan, names, i, config))];
        _final = names.Final is null ? null : new Norm(plan, names.Final, d, config.Epsilon);
    }

    /// <summary>Encodes images.</summary>
    /// <param name="tape">records it</param>
    /// <param name="image">[b,c,h,w], normalised</param>
    /// <param name="training">makes no difference here</param>
    /// <returns>patch tokens [b,hw,d], row-major over the grid, and the CLS token [b,d], both after the final norm where it is applied</returns>
    public override (Variable Patches, Variable Pooled) Forward(Tape tape, Variable image, bool training = false)
    {
        var stream = tape.PatchEmbedding(image, _patchWeight, _patchBias, _clsToken, _positions);
        var y = _blocks[0].Before.Apply(tape, stream);
        for (int i = 0; i < _blocks.Length; i++)
        {
            // A last block without a norm behind it ends the stream.
            Span<Variable> results = [y, stream];
            results = i + 1 < _blocks.Length || _final is not null ? results : results[..1];
            tape.Run(s_block, new SegmentCall(this, null, [y, stream], [i], results));
            (y, stream) = (results[0], results[^1]);
        }

        var pooled = tape.Slice(y, 1, 0, 1);
        var patches = tape.Slice(y, 1, 1, y.Shape[1]);
        tape.Done(stream);
        tape.Done(y);
        return (patches, tape.Reshape(pooled, [y.Shape[0], _config.Width]));
    }

    private static void RunBlock(Tape tape, in SegmentCall call)
    {
        var (encoder, i) = ((VitEncoder)call.Owner, (int)call.Integers[0]);
        var (y, stream) = (call.Inputs[0]!, call.Inputs[1]!);
        var block = encoder._blocks[i];
        var branch = block.Attend(tape, y);
        tape.Done(y);
        (y, stream) = block.After.Apply(tape, branch, stream);
        branch = block.FeedForward(tape, y);
        tape.Done(y);
        if ((i + 1 < encoder._blocks.Length ? encoder._blocks[i + 1].Before : encoder._final) is { } next)
        {
            (call.Outputs[0], call.Outputs[1]) = next.Apply(tape, branch, stream);
            return;
        }

        call.Outputs[0] = tape.Add(stream, branch);
        tape.Done(branch);
        tape.Done(stream);
    }

    private sealed class Block
    {
        private readonly SelfAttention _attention;
        private readonly Linear _up;
        private readonly Linear _down;

        public Block(Plan plan, VitNames names, int index, ImageEncoderConfig config)
        {
            string name = $"{names.Blocks}.{index}.";
            int d = config.Width;
            _attention = SelfAttention.Apart(plan, [.. names.Attention.Select(n => name + n)], d, config.Heads);
            _up = new Linear(plan, name + names.FeedForward[0], d, config.Hidden);
            _down = new Linear(plan, name + names.FeedForward[1], config.Hidden, d);
            Before = new Norm(plan, name + names.Norms[0], d, config.Epsilon);
            After = new Norm(plan, name + names.Norms[1], d, config.Epsilon);
        }

        public Norm Before { get; }

        public Norm After { get; }

        public Variable Attend(Tape tape, Variable y) => _attention.Apply(tape, y);

        public Variable FeedForward(Tape tape, Variable y)
        {
            var hidden = _up.Apply(tape, y, GemmActivation.Gelu);
            var result = _down.Apply(tape, hidden);
            tape.Done(hidden);
            return result;
        }
    }
}

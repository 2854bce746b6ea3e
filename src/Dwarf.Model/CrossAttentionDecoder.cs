using Dwarf.Model.Layers;
using Engine.Autograd;
using Engine.Kernels;
using Engine.Tensors;

namespace Dwarf.Model;

/// <summary>Whether the prompts of one forward see each other in the decoder's self-attention.</summary>
public enum Prompts
{
    /// <summary>Each prompt alone, as if it were the only one: what training, evaluation and predict do.</summary>
    Alone,

    /// <summary>All together, as KAD does: results then depend on which prompts are present.</summary>
    Together,
}

/// <summary>The query decoder, KAD's or MedKLIP's: text features ask, patch tokens answer; its map is the model's explanation.</summary>
/// <remarks>
/// Pre-norm blocks of self-attention, cross-attention and a ReLU feed-forward, and a norm at the end. KAD's norm serves the text features
/// and the patch tokens too, and its map is the last block's; MedKLIP's decoder projects the texts to its own width, takes both as they
/// are, and its map is the mean of all blocks'. Names as theirs, under model.*; KAD's logit_scale is not used there either.
/// </remarks>
public sealed class CrossAttentionDecoder
{
    private static readonly Segment s_block = RunBlock;
    private readonly Norm _norm;
    private readonly Block[] _blocks;
    private readonly Linear _head;
    private readonly Linear? _texts;
    private readonly bool _isKad;

    internal CrossAttentionDecoder(Plan plan, string prefix, int width, DecoderConfig config)
    {
        _isKad = config.Kind == DecoderKind.Kad;
        _texts = _isKad ? null : new Linear(plan, $"{prefix}.disease_embedding_layer", config.TextWidth, width);
        _norm = new Norm(plan, _isKad ? $"{prefix}.decoder_norm" : $"{prefix}.decoder.norm", width, config.Epsilon);
        _blocks = [.. Enumerable.Range(0, config.Layers).Select(i => new Block(plan, $"{prefix}.decoder.layers.{i}", width, config))];
        _head = new Linear(plan, _isKad ? $"{prefix}.mlp_head.0" : $"{prefix}.classifier", width, 2);
    }

    /// <summary>What a text asks with: its features at the decoder's width.</summary>
    /// <param name="tape">records it</param>
    /// <param name="features">text features [q,t]</param>
    /// <returns>[q,d]; the features themselves where the decoder does not project them</returns>
    public Variable Queries(Tape tape, Variable features) => _texts is null ? features : _texts.Apply(tape, features);

    /// <summary>Asks every image every prompt.</summary>
    /// <param name="tape">records it</param>
    /// <param name="patches">patch tokens [b,t,d]; keys and values are made once, whatever the number of prompts</param>
    /// <param name="features">text features [q,d]</param>
    /// <param name="prompts">whether the prompts see each other</param>
    /// <param name="dropout">null outside training</param>
    /// <returns>logits [b,q,2] (no, yes), and the map [b,q,t]: mean over heads, before dropout, rows that sum to 1</returns>
    public (Variable Logits, Variable Map) Forward(
        Tape tape, Variable patches, Variable features, Prompts prompts, DropoutSites? dropout = null)
        => Answer(tape, patches, Queries(tape, features), prompts, dropout);

    /// <summary>As <see cref="Forward"/>, for texts that <see cref="Queries"/> has seen already.</summary>
    /// <param name="tape">records it</param>
    /// <param name="patches">patch tokens [b,t,d]</param>
    /// <param name="queries">[q,d]</param>
    /// <param name="prompts">whether the prompts see each other</param>
    /// <param name="dropout">null outside training</param>
    /// <returns>logits [b,q,2] and the map [b,q,t]</returns>
    public (Variable Logits, Variable Map) Answer(
        Tape tape, Variable patches, Variable queries, Prompts prompts, DropoutSites? dropout = null)
    {
        if (patches.Shape.Rank != 3 || queries.Shape.Rank != 2 || queries.Shape[1] != patches.Shape[2])
        {
            throw new ShapeException(
                $"decoder: expected patch tokens [b,t,d] and text features [q,d], found {patches.Shape} and {queries.Shape}");
        }

        var memory = _isKad ? _norm.Apply(tape, patches) : patches;
        var stream = ForEveryImage(tape, _isKad ? _norm.Apply(tape, queries) : queries, patches.Shape[0]);
        var y = _blocks[0].Norm1.Apply(tape, stream);
        Variable map = null!;
        Variable? sum = null;
        for (int i = 0; i < _blocks.Length; i++)
        {
            Span<Variable> results = [y, stream, y];
            tape.Run(s_block, new SegmentCall(this, dropout, [y, stream, memory], [i, (long)prompts, dropout?.Site ?? 0], results));
            (y, stream, map) = (results[0], results[1], results[2]);
            sum = _isKad ? null : sum is null ? map : tape.Add(sum, map);
        }

        if (sum is not null)
        {
            map = tape.Mul(sum, tape.Constant(tape.Scalar(1.0 / _blocks.Length, sum.DType)));
        }

        return (_head.Apply(tape, Drop(tape, y, dropout)), map);
    }

    private static void RunBlock(Tape tape, in SegmentCall call)
    {
        var (decoder, dropout, i) = ((CrossAttentionDecoder)call.Owner, (DropoutSites?)call.Context, (int)call.Integers[0]);
        var (y, stream, memory) = (call.Inputs[0]!, call.Inputs[1]!, call.Inputs[2]!);
        if (dropout is not null)
        {
            dropout.Site = call.Integers[2];
        }

        var block = decoder._blocks[i];
        (y, stream) = block.Norm2.Apply(tape, block.AskPrompts(tape, y, (Prompts)call.Integers[1], dropout), stream);
        (var answer, call.Outputs[2]) = block.AskImage(tape, y, memory, dropout);
        tape.Done(y);
        (y, stream) = block.Norm3.Apply(tape, answer, stream);
        var next = i + 1 < decoder._blocks.Length ? decoder._blocks[i + 1].Norm1 : decoder._norm;
        (call.Outputs[0], call.Outputs[1]) = next.Apply(tape, block.FeedForward(tape, y, dropout), stream);
    }

    /// <summary>[q,d] → [b,q,d], the same rows for every image.</summary>
    private static Variable ForEveryImage(Tape tape, Variable x, long images)
    {
        long prompts = x.Shape[0];
        if (images == 1)
        {
            return tape.Reshape(x, [1, prompts, x.Shape[1]]);
        }

        // Looking rows up by number repeats them, and the look-up's backward sums over the images in a fixed order.
        var rows = tape.OnHost([images, prompts], DType.I64);
        var numbers = rows.Span<long>();
        for (int i = 0; i < numbers.Length; i++)
        {
            numbers[i] = i % prompts;
        }

        return tape.Embedding(tape.Constant(rows), x);
    }

    private static Variable Drop(Tape tape, Variable x, DropoutSites? dropout) => dropout is null ? x : dropout.Drop(tape, x);

    private sealed class Block(Plan plan, string name, int width, DecoderConfig config)
    {
        private readonly SelfAttention _self = SelfAttention.Torch(plan, $"{name}.self_attn", width, config.Heads);
        private readonly CrossAttention _cross = new(plan, $"{name}.multihead_attn", width, config.Heads);
        private readonly Linear _up = new(plan, $"{name}.linear1", width, config.Hidden);
        private readonly Linear _down = new(plan, $"{name}.linear2", config.Hidden, width);

        public Norm Norm1 { get; } = new(plan, $"{name}.norm1", width, config.Epsilon);

        public Norm Norm2 { get; } = new(plan, $"{name}.norm2", width, config.Epsilon);

        public Norm Norm3 { get; } = new(plan, $"{name}.norm3", width, config.Epsilon);

        public Variable AskPrompts(Tape tape, Variable y, Prompts prompts, DropoutSites? dropout)
        {
            var shape = y.Shape;
            var asked = prompts == Prompts.Alone ? tape.Reshape(y, [shape[0] * shape[1], 1, shape[2]]) : y;
            var answer = _self.Apply(tape, asked, null, dropout);
            tape.Done(asked);
            tape.Done(y);
            y = tape.Reshape(answer, shape);
            if (!ReferenceEquals(y, answer))
            {
                tape.Done(answer);
            }

            return Drop(tape, y, dropout);
        }

        public (Variable Y, Variable Map) AskImage(Tape tape, Variable y, Variable memory, DropoutSites? dropout)
        {
            (y, var map) = _cross.Apply(tape, y, memory, dropout);
            return (Drop(tape, y, dropout), map);
        }

        /// <summary>The feed-forward part, which is the last to read y.</summary>
        public Variable FeedForward(Tape tape, Variable y, DropoutSites? dropout)
        {
            var hidden = Drop(tape, _up.Apply(tape, y, GemmActivation.Relu), dropout);
            tape.Done(y);
            var result = _down.Apply(tape, hidden);
            tape.Done(hidden);
            return Drop(tape, result, dropout);
        }
    }
}

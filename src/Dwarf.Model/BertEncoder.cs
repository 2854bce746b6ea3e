using Dwarf.Model.Layers;
using Engine.Autograd;
using Engine.Kernels;
using Engine.Tensors;

namespace Dwarf.Model;

/// <summary>BERT with its pooler, and KAD's projection behind it; names as Hugging Face's BERT model and KAD's encoder.</summary>
/// <remarks>Devlin et al. 2019, arXiv:1810.04805. Texts are short and few here: no dropout.</remarks>
public sealed class BertEncoder
{
    private static readonly Segment s_block = static (Tape tape, in SegmentCall call) =>
        call.Outputs[0] = ((Block)call.Owner).Forward(tape, call.Inputs[0]!, call.Inputs[1]!);

    private readonly TextEncoderConfig _config;
    private readonly Norm _embeddingNorm;
    private readonly Block[] _blocks;
    private readonly Linear? _pooler;
    private readonly Linear? _project0;
    private readonly Linear? _project2;
    private Parameter _words = null!;
    private Parameter _positions = null!;
    private Parameter _types = null!;

    internal BertEncoder(Plan plan, string prefix, TextEncoderConfig config, int outputs)
    {
        _config = config;
        int d = config.Width;
        string bert = $"{prefix}.bert_model";
        plan.Declare($"{bert}.embeddings.word_embeddings.weight", [config.Vocabulary, d], true, plan.Normal, p => _words = p);
        plan.Declare($"{bert}.embeddings.position_embeddings.weight", [config.MaxPositions, d], true, plan.Normal, p => _positions = p);
        plan.Declare($"{bert}.embeddings.token_type_embeddings.weight", [config.TokenTypes, d], true, plan.Normal, p => _types = p);
        _embeddingNorm = new Norm(plan, $"{bert}.embeddings.LayerNorm", d, config.Epsilon);
        _blocks = [.. Enumerable.Range(0, config.Layers).Select(i => new Block(plan, $"{bert}.encoder.layer.{i}", config))];
        if (config.Output == TextOutput.Cls)
        {
            return;
        }

        _pooler = new Linear(plan, $"{bert}.pooler.dense", d, d);
        if (config.Output == TextOutput.Pooled)
        {
            return;
        }

        // KAD starts its projection wider than the rest: standard deviation 1/sqrt(inputs).
        _project0 = new Linear(plan, $"{prefix}.mlp_embed.0", d, config.Projection, Initial.Normal(1 / Math.Sqrt(d)));
        _project2 = new Linear(plan, $"{prefix}.mlp_embed.2", config.Projection, outputs, Initial.Normal(1 / Math.Sqrt(config.Projection)));
    }

    /// <summary>Encodes texts.</summary>
    /// <param name="tape">records it</param>
    /// <param name="ids">i64 [q,t], special tokens included</param>
    /// <param name="attentionMask">i64 [q,t]: 0 hides a token, anything else shows it</param>
    /// <returns>features [q,d] as <see cref="TextEncoderConfig.Output"/> says: by default at the decoder's width</returns>
    public Variable Forward(Tape tape, Tensor ids, Tensor attentionMask)
    {
        if (ids.Shape.Rank != 2 || ids.DType != DType.I64 || ids.Shape[1] < 1 || ids.Shape[1] > _config.MaxPositions)
        {
            throw new ShapeException(
                $"input_ids must be i64 [q,t] with t from 1 to {_config.MaxPositions}, found {ids.DType.Label()} {ids.Shape}");
        }

        if (attentionMask.Shape != ids.Shape || attentionMask.DType != DType.I64)
        {
            throw new ShapeException(
                $"attention_mask must be i64 {ids.Shape} like input_ids, found {attentionMask.DType.Label()} {attentionMask.Shape}");
        }

        var (texts, tokens) = (ids.Shape[0], ids.Shape[1]);
        var keyMask = KeyMask(tape, attentionMask);
        var places = tape.Add(tape.Slice(_positions, 0, 0, tokens), tape.Slice(_types, 0, 0, 1));
        var x = _embeddingNorm.Apply(tape, tape.Add(tape.Embedding(tape.Constant(ids), _words), places));
        for (int i = 0; i < _blocks.Length; i++)
        {
            Span<Variable> results = [x];
            tape.Run(s_block, new SegmentCall(_blocks[i], null, [x, keyMask], [], results));
            x = results[0];
        }

        var cls = tape.Reshape(tape.Slice(x, 1, 0, 1), [texts, _config.Width]);
        if (_pooler is null)
        {
            return cls;
        }

        var pooled = tape.Tanh(_pooler.Apply(tape, cls));
        return _project0 is null || _project2 is null
            ? pooled
            : _project2.Apply(tape, _project0.Apply(tape, pooled, GemmActivation.Gelu));
    }

    private static Variable KeyMask(Tape tape, Tensor attentionMask)
    {
        var mask = tape.OnHost(attentionMask.Shape, DType.Bool);
        var from = attentionMask.Span<long>();
        var to = mask.Span<byte>();
        for (int i = 0; i < to.Length; i++)
        {
            to[i] = from[i] != 0 ? (byte)1 : (byte)0;
        }

        return tape.Constant(mask);
    }

    private sealed class Block(Plan plan, string name, TextEncoderConfig config)
    {
        private static readonly string[] s_attention = ["self.query", "self.key", "self.value", "self.qkv", "output.dense"];

        private readonly SelfAttention _attention = SelfAttention.Apart(
            plan,
            [.. s_attention.Select(n => $"{name}.attention.{n}")],
            config.Width,
            config.Heads);

        private readonly Norm _attentionNorm = new(plan, $"{name}.attention.output.LayerNorm", config.Width, config.Epsilon);
        private readonly Linear _up = new(plan, $"{name}.intermediate.dense", config.Width, config.Hidden);
        private readonly Linear _down = new(plan, $"{name}.output.dense", config.Hidden, config.Width);
        private readonly Norm _norm = new(plan, $"{name}.output.LayerNorm", config.Width, config.Epsilon);

        public Variable Forward(Tape tape, Variable x, Variable keyMask)
        {
            (x, var sum) = _attentionNorm.Apply(tape, _attention.Apply(tape, x, keyMask), x);
            tape.Done(sum);
            var hidden = _up.Apply(tape, x, GemmActivation.Gelu);
            var branch = _down.Apply(tape, hidden);
            tape.Done(hidden);
            (x, sum) = _norm.Apply(tape, branch, x);
            tape.Done(sum);
            return x;
        }
    }
}

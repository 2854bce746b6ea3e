using System.Runtime.InteropServices;
using Dwarf.Model;
using Engine.Autograd;
using Engine.Kernels;
using Engine.Tensors;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace Parity.Tests;

/// <summary>Networks of the published sizes with random weights, f32: outputs and the gradient of every weight against libtorch.</summary>
public sealed class FullSizeTests : IDisposable
{
    private const double Outputs = 1e-5, Gradients = 5e-5;
    private static readonly ImageEncoderConfig s_noImage = new() { Layers = 1, Hidden = 8 };
    private static readonly DecoderConfig s_noDecoder = new() { Layers = 1, Hidden = 8 };
    private readonly CpuDevice _cpu = new(2);
    private readonly Generator _random;

    public FullSizeTests()
    {
        InitializeDeviceType(DeviceType.CPU);   // loads libtorch; a generator does not
        _random = new Generator(11);
    }

    public void Dispose()
    {
        _random.Dispose();
        _cpu.Dispose();
    }

    [Fact]
    public void ViT_B_16_at_224_agrees_with_libtorch()
    {
        using var pair = new Pair(new ModelConfig { Text = null, Decoder = s_noDecoder }, "image_encoder.", _random);
        using var tape = new Tape(_cpu);
        using var image = Normal([2, 3, 224, 224]);
        var found = pair.Network.Image.Forward(tape, tape.Constant(TorchTensors.Single(image)));
        var expected = TorchTransformers.Vit(pair.Weights, "image_encoder.vit", image, layers: 12, heads: 12);
        pair.Compare(tape, [found.Patches, found.Pooled], [expected.Patches, expected.Pooled], Normal);
    }

    [Fact]
    public void BERT_base_with_padded_texts_agrees_with_libtorch()
    {
        using var pair = new Pair(new ModelConfig { Image = s_noImage, Decoder = s_noDecoder }, "text_encoder.", _random);
        using var tape = new Tape(_cpu);
        using var ids = randint(30522, [3, 64], dtype: int64, generator: _random);
        using var mask = arange(64, dtype: int64).unsqueeze(0).lt(tensor(new long[] { 64, 17, 3 }).unsqueeze(1));
        var found = pair.Network.Text!.Forward(tape, TorchTensors.Long(ids), TorchTensors.Long(mask.to(int64)));
        var expected = TorchTransformers.Bert(pair.Weights, "text_encoder", ids, mask, layers: 12, heads: 12);
        pair.Compare(tape, [found], [expected], Normal);
    }

    [Fact]
    public void KAD_decoder_with_13_queries_agrees_with_libtorch()
    {
        using var pair = new Pair(new ModelConfig { Image = s_noImage, Text = null }, "model.", _random);
        using var tape = new Tape(_cpu);
        using Tensor patches = Normal([2, 196, 768]).requires_grad_(true), features = Normal([13, 768]).requires_grad_(true);
        var (p, f) = (tape.Leaf(TorchTensors.Single(patches)), tape.Leaf(TorchTensors.Single(features)));
        var found = pair.Network.Decoder.Forward(tape, p, f, Prompts.Together);
        var expected = TorchTransformers.Decoder(pair.Weights, "model", patches, features, layers: 4, heads: 4);
        pair.Compare(tape, [found.Logits, found.Map], [expected.Logits, expected.Map], Normal);
        Pair.Near(p.Grad!, patches.grad!, Gradients, "gradient of the patches");
        Pair.Near(f.Grad!, features.grad!, Gradients, "gradient of the text features");
    }

    private Tensor Normal(long[] shape) => randn(shape, dtype: float32, generator: _random);

    /// <summary>A network of ours and the same weights in libtorch.</summary>
    private sealed class Pair : IDisposable
    {
        private readonly Dictionary<string, Tensor> _tensors = [];
        private readonly DisposeScope _scope = NewDisposeScope();

        public Pair(ModelConfig config, string part, Generator random)
        {
            Network = new DwarfNetwork(config, [], DType.F32, seed: null);
            foreach (var entry in Network.Layout.Entries.Where(e => e.Name.StartsWith(part, StringComparison.Ordinal)))
            {
                var values = _tensors[entry.Name] = TorchWeights.Random(entry.Name, entry.Shape.ToArray(), random);
                entry.Scatter(TorchTensors.Single(values));
            }

            Weights = new TorchWeights(_tensors);
        }

        public DwarfNetwork Network { get; }

        public TorchWeights Weights { get; }

        public void Compare(Tape tape, Variable[] found, Tensor[] expected, Func<long[], Tensor> random)
        {
            Tensor[] cotangents = [.. expected.Select(e => random(e.shape))];
            autograd.backward(expected, cotangents);
            tape.Backward(found, [.. cotangents.Select(TorchTensors.Single)]);
            for (int i = 0; i < found.Length; i++)
            {
                Near(found[i].Value, expected[i], Outputs, $"output {i}");
            }

            foreach (var (name, tensor) in _tensors)
            {
                // What a key's bias adds is the same for every key, so softmax takes it away: its gradient is rounding noise.
                bool noise = name.EndsWith(".key.bias", StringComparison.Ordinal);
                double floor = noise ? Gradients * Size(_tensors[name.Replace(".key.", ".query.", StringComparison.Ordinal)].grad!) : 0;
                Near(Network.Layout.Find(name)!.Gather(p => p.Grad), tensor.grad!, Gradients, $"gradient of {name}", floor);
            }
        }

        public static void Near(Engine.Tensors.Tensor found, Tensor expected, double rtol, string what, double floor = 0)
        {
            Assert.Equal(expected.shape, found.Shape.ToArray());
            using var theirs = expected.detach().contiguous();
            var e = MemoryMarshal.Cast<byte, float>(theirs.bytes);
            var f = found.Span<float>();
            double distance = 0, size = 0;
            for (int i = 0; i < e.Length; i++)
            {
                double off = (double)f[i] - e[i];
                distance += off * off;
                size += (double)e[i] * e[i];
            }

            (distance, size) = (Math.Sqrt(distance), Math.Sqrt(size));
            Assert.True(distance <= (rtol * size) + floor, $"{what}: off by {distance:g3} of {size:g3}, allowed {rtol:g3}");
            Assert.True(size > 0, $"{what}: nothing to compare, all of libtorch's values are zero");
        }

        public void Dispose()
        {
            Network.Dispose();
            _scope.Dispose();
        }

        private static double Size(Tensor t) => t.norm().item<float>();
    }
}

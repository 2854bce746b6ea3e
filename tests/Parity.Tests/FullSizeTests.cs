using System.Numerics;
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

/// <summary>Networks of the published sizes with random weights: outputs and the gradient of every weight against libtorch.</summary>
/// <remarks>
/// ResNet in f64: in f32 a rounding error flips some of its ReLUs, and the gradients of libtorch itself are then off by 5e-3 from its own
/// in f64. The others in f32.
/// </remarks>
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
        var found = pair.Network.Image.Forward(tape, tape.Constant(TorchTensors.Plain(image)));
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

    [Theory]
    [InlineData(3, 224, 2, false)]
    [InlineData(3, 224, 2, true)]
    [InlineData(4, 512, 1, false)]
    [InlineData(4, 512, 1, true)]
    public void ResNet_50_agrees_with_libtorch_in_both_forms_and_both_modes_of_batch_norm(int stage, int size, int batch, bool training)
    {
        var config = new ImageEncoderConfig { Kind = ImageEncoderKind.Resnet50, Resnet = new() { Stage = stage }, Size = size };
        using var pair = new Pair(new ModelConfig { Image = config, Text = null, Decoder = s_noDecoder }, "image_encoder.", _random, DType.F64);
        using var tape = new Tape(_cpu);
        using var image = Normal([batch, 3, size, size]).to(float64);
        var found = pair.Network.Image.Forward(tape, tape.Constant(TorchTensors.Plain(image)), training);
        var expected = TorchResnet.Run(pair.Weights, "image_encoder", image, stage, training);
        pair.Compare(tape, [found.Patches, found.Pooled], [expected.Patches, expected.Pooled], shape => Normal(shape).to(float64), 1e-11);
    }

    [Theory]
    [InlineData(DecoderKind.Kad, 768)]
    [InlineData(DecoderKind.Medklip, 256)]
    public void Decoders_with_13_queries_agree_with_libtorch(DecoderKind kind, int width)
    {
        var decoder = new DecoderConfig { Kind = kind, TextWidth = kind == DecoderKind.Kad ? 0 : 768 };
        using var pair = new Pair(new ModelConfig { Image = s_noImage with { Width = width, Heads = 4 }, Text = null, Decoder = decoder }, "model.", _random);
        using var tape = new Tape(_cpu);
        using Tensor patches = Normal([2, 196, width]).requires_grad_(true), features = Normal([13, 768]).requires_grad_(true);
        var (p, f) = (tape.Leaf(TorchTensors.Plain(patches)), tape.Leaf(TorchTensors.Plain(features)));
        var found = pair.Network.Decoder.Forward(tape, p, f, Prompts.Together);
        var expected = kind == DecoderKind.Kad
            ? TorchTransformers.Decoder(pair.Weights, "model", patches, features, layers: 4, heads: 4)
            : TorchTransformers.MedklipDecoder(pair.Weights, "model", patches, features, layers: 4, heads: 4);
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

        public Pair(ModelConfig config, string part, Generator random, DType dtype = DType.F32)
        {
            Network = new DwarfNetwork(config, [], dtype, seed: null);
            foreach (var entry in Network.Layout.Entries.Where(e => e.Name.StartsWith(part, StringComparison.Ordinal)))
            {
                var values = _tensors[entry.Name] = TorchWeights.Random(entry.Name, entry.Shape.ToArray(), dtype == DType.F64 ? float64 : float32, random);
                entry.Scatter(TorchTensors.Plain(values));
            }

            Weights = new TorchWeights(_tensors);
        }

        public DwarfNetwork Network { get; }

        public TorchWeights Weights { get; }

        public void Compare(Tape tape, Variable[] found, Tensor[] expected, Func<long[], Tensor> random, double? rtol = null)
        {
            Tensor[] cotangents = [.. expected.Select(e => random(e.shape))];
            autograd.backward(expected, cotangents);
            tape.Backward(found, [.. cotangents.Select(TorchTensors.Plain)]);
            for (int i = 0; i < found.Length; i++)
            {
                Near(found[i].Value, expected[i], rtol ?? Outputs, $"output {i}");
            }

            foreach (var (name, tensor) in _tensors)
            {
                if (TorchWeights.Buffer(name))
                {
                    Near(Network.Layout.Find(name)!.Gather(p => p.Value), tensor, rtol ?? Outputs, name);
                    continue;
                }

                // What a key's bias adds is the same for every key, so softmax takes it away: its gradient is rounding noise.
                bool noise = name.EndsWith(".key.bias", StringComparison.Ordinal);
                double floor = noise ? Gradients * Size(_tensors[name.Replace(".key.", ".query.", StringComparison.Ordinal)].grad!) : 0;
                Near(Network.Layout.Find(name)!.Gather(p => p.Grad), tensor.grad!, rtol ?? Gradients, $"gradient of {name}", floor);
            }
        }

        public static void Near(Engine.Tensors.Tensor found, Tensor expected, double rtol, string what, double floor = 0)
        {
            Assert.Equal(expected.shape, found.Shape.ToArray());
            using var theirs = expected.detach().contiguous();
            double distance = 0, size = 0;
            if (found.DType == DType.F64)
            {
                Add(found.Span<double>(), MemoryMarshal.Cast<byte, double>(theirs.bytes), ref distance, ref size);
            }
            else
            {
                Add(found.Span<float>(), MemoryMarshal.Cast<byte, float>(theirs.bytes), ref distance, ref size);
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

        private static void Add<T>(ReadOnlySpan<T> found, ReadOnlySpan<T> expected, ref double distance, ref double size)
            where T : unmanaged, INumber<T>
        {
            for (int i = 0; i < expected.Length; i++)
            {
                double e = double.CreateChecked(expected[i]), off = double.CreateChecked(found[i]) - e;
                distance += off * off;
                size += e * e;
            }
        }

        private static double Size(Tensor t) => t.norm().item<float>();
    }
}

using Engine.Autograd;
using Engine.Kernels;
using Engine.Tensors;

namespace Dwarf.Cli.Bench;

/// <summary>Single operators at the sizes of ViT-B/16, with the peer's names.</summary>
internal static unsafe class OpCases
{
    public static IEnumerable<Case> All(Device device)
    {
        foreach (var (m, n, k) in new[] { (512, 512, 512), (1024, 1024, 1024), (1576, 2304, 768), (1576, 768, 768), (1576, 3072, 768), (1576, 768, 3072), (197, 768, 768), (3072, 768, 1576) })
        {
            foreach (string form in new[] { "nn", "nt", "tn" })
            {
                yield return new Case($"gemm_{form}_{m}x{n}x{k}", 2.0 * m * n * k, 4.0 * (((double)m * k) + ((double)k * n) + ((double)m * n)), () => Product(device, form, m, n, k));
            }
        }

        var ones = Ones([768]).CopyTo(device.Memory);
        foreach (var c in Unary(device, "layer_norm_1576x768", [1576, 768], (tape, x) => tape.LayerNorm(x, tape.Constant(ones), tape.Constant(ones))))
        {
            yield return c;
        }

        foreach (var c in Unary(device, "gelu_1576x3072", [1576, 3072], (tape, x) => tape.Gelu(x)))
        {
            yield return c;
        }

        foreach (var c in Unary(device, "softmax_96x197x197", [96, 197, 197], (tape, x) => tape.Softmax(x)))
        {
            yield return c;
        }

        foreach (var (b, t) in new[] { (8, 197), (1, 197) })
        {
            double flops = 4.0 * b * 12 * t * t * 64, bytes = 16.0 * b * 12 * t * 64;
            yield return new Case($"attention_{b}x12x{t}x64_fwd", flops, bytes, () => Attention(device, b, t, train: false));
            yield return new Case($"attention_{b}x12x{t}x64_fwdbwd", 3 * flops, 2 * bytes, () => Attention(device, b, t, train: true));
        }

        // ResNet-50's second stage: its 3x3 layer, and the 1x1 layer after it.
        foreach (var (name, outputs, kernel) in new[] { ("conv2d_8x64x56x56_3x3", 64, 3), ("conv2d_8x64x56x56_1x1", 256, 1) })
        {
            double flops = 2.0 * 8 * 56 * 56 * 64 * outputs * kernel * kernel;
            double bytes = 4.0 * ((8 * 56 * 56 * (64 + outputs)) + (64 * outputs * kernel * kernel));
            yield return new Case(name + "_fwd", flops, bytes, () => Convolution(device, outputs, kernel, train: false));
            yield return new Case(name + "_fwdbwd", 3 * flops, 3 * bytes, () => Convolution(device, outputs, kernel, train: true));
        }

        const double DiceBytes = 4.0 * 64 * 50176;
        yield return new Case("dice_64x50176_fwd", 0, 2 * DiceBytes, () => Dice(device, train: false));
        yield return new Case("dice_64x50176_fwdbwd", 0, 4 * DiceBytes, () => Dice(device, train: true));
    }

    private static IEnumerable<Case> Unary(Device device, string name, long[] sizes, Func<Tape, Variable, Variable> op)
    {
        Shape shape = new(sizes);
        double bytes = 4.0 * shape.Count;
        yield return new Case(name + "_fwd", 0, 2 * bytes, () => Run(device, [Random(shape)], train: false, (tape, x) => op(tape, x[0])));
        yield return new Case(name + "_fwdbwd", 0, 5 * bytes, () => Run(device, [Random(shape)], train: true, (tape, x) => op(tape, x[0])));
    }

    private static Action Product(Device device, string form, int m, int n, int k)
    {
        var (a, b, c) = (Random([m, k]).CopyTo(device.Memory), Random([k, n]).CopyTo(device.Memory), new Tensor([m, n], DType.F32, device.Memory));
        bool transposeA = form[0] == 't', transposeB = form[1] == 't';
        if (device is CudaDevice gpu)
        {
            return () => gpu.Blas.Product(
                DType.F32, transposeA, transposeB, m, n, k, (nint)a.Pointer, transposeA ? m : k, 0, (nint)b.Pointer, transposeB ? k : n, 0, (nint)c.Pointer, n, 0, 1);
        }

        var cpu = (CpuDevice)device;
        return () => Gemm.Run(
            cpu, transposeA, transposeB, m, n, k, a.Data<float>(), transposeA ? m : k, b.Data<float>(), transposeB ? k : n, c.Data<float>(), n);
    }

    private static Action Attention(Device device, int b, int t, bool train) => Run(
        device, [Random([b, 12, t, 64]), Random([b, 12, t, 64]), Random([b, 12, t, 64])], train, (tape, x) => tape.Attention(x[0], x[1], x[2]));

    private static Action Convolution(Device device, int outputs, int kernel, bool train) => Run(
        device, [Random([8, 64, 56, 56]), Random([outputs, 64, kernel, kernel])], train,
        (tape, x) => tape.Conv2d(x[0], x[1], padY: kernel / 2, padX: kernel / 2));

    private static Action Dice(Device device, bool train)
    {
        var (p, y) = (Random([64, 50176]), new Tensor([64, 50176], DType.F32));
        for (int i = 0; i < p.Count; i++)
        {
            p.Span<float>()[i] = Math.Abs(p.Span<float>()[i]) % 1;
            y.Span<float>()[i] = i % 10 == 0 ? 1 : 0;
        }

        var target = y.CopyTo(device.Memory);
        return Run(device, [p], train, (tape, x) => tape.FpWeightedDice(x[0], tape.Constant(target), 2, 1, 1e-6));
    }

    /// <summary>Forward, or forward and backward from a cotangent of ones.</summary>
    private static Action Run(Device device, Tensor[] inputs, bool train, Func<Tape, Variable[], Variable> op)
    {
        var tape = new Tape(device) { Recording = train };
        var variables = new Variable[inputs.Length];
        Tensor[] placed = [.. inputs.Select(i => i.CopyTo(device.Memory))];
        Tensor? cotangent = null;
        return () =>
        {
            for (int i = 0; i < placed.Length; i++)
            {
                variables[i] = train ? tape.Leaf(placed[i]) : tape.Constant(placed[i]);
            }

            var y = op(tape, variables);
            if (train)
            {
                cotangent ??= Ones(y.Shape).CopyTo(device.Memory);
                tape.Backward([y], [cotangent]);
            }

            tape.Reset();
        };
    }

    private static Tensor Ones(Shape shape)
    {
        var ones = new Tensor(shape, DType.F32);
        ones.Span<float>().Fill(1);
        return ones;
    }

    internal static Tensor Random(Shape shape)
    {
        var tensor = new Tensor(shape, DType.F32);
        var span = tensor.Span<float>();
        for (int i = 0; i < span.Length; i++)
        {
            span[i] = (float)((2 * Model.CounterRandom.Uniform(1, i)) - 1);
        }

        return tensor;
    }
}

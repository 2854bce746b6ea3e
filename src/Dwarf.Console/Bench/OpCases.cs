using Engine.Autograd;
using Engine.Kernels;
using Engine.Tensors;

namespace Dwarf.Cli.Bench;

/// <summary>Single operators at the sizes of ViT-B/16, with the peer's names.</summary>
internal static unsafe class OpCases
{
    public static IEnumerable<Case> All(CpuDevice cpu)
    {
        foreach (var (m, n, k) in new[] { (512, 512, 512), (1024, 1024, 1024), (1576, 2304, 768), (1576, 768, 768), (1576, 3072, 768), (1576, 768, 3072), (197, 768, 768), (3072, 768, 1576) })
        {
            foreach (string form in new[] { "nn", "nt", "tn" })
            {
                yield return new Case($"gemm_{form}_{m}x{n}x{k}", 2.0 * m * n * k, 4.0 * (((double)m * k) + ((double)k * n) + ((double)m * n)), () => Product(cpu, form, m, n, k));
            }
        }

        foreach (var c in Unary(cpu, "layer_norm_1576x768", [1576, 768], (tape, x) => tape.LayerNorm(x, Ones(tape, 768), Ones(tape, 768))))
        {
            yield return c;
        }

        foreach (var c in Unary(cpu, "gelu_1576x3072", [1576, 3072], (tape, x) => tape.Gelu(x)))
        {
            yield return c;
        }

        foreach (var c in Unary(cpu, "softmax_96x197x197", [96, 197, 197], (tape, x) => tape.Softmax(x)))
        {
            yield return c;
        }

        foreach (var (b, t) in new[] { (8, 197), (1, 197) })
        {
            double flops = 4.0 * b * 12 * t * t * 64, bytes = 16.0 * b * 12 * t * 64;
            yield return new Case($"attention_{b}x12x{t}x64_fwd", flops, bytes, () => Attention(cpu, b, t, train: false));
            yield return new Case($"attention_{b}x12x{t}x64_fwdbwd", 3 * flops, 2 * bytes, () => Attention(cpu, b, t, train: true));
        }

        const double DiceBytes = 4.0 * 64 * 50176;
        yield return new Case("dice_64x50176_fwd", 0, 2 * DiceBytes, () => Dice(cpu, train: false));
        yield return new Case("dice_64x50176_fwdbwd", 0, 4 * DiceBytes, () => Dice(cpu, train: true));
    }

    private static IEnumerable<Case> Unary(CpuDevice cpu, string name, long[] sizes, Func<Tape, Variable, Variable> op)
    {
        Shape shape = new(sizes);
        double bytes = 4.0 * shape.Count;
        yield return new Case(name + "_fwd", 0, 2 * bytes, () => Run(cpu, [Random(shape)], train: false, (tape, x) => op(tape, x[0])));
        yield return new Case(name + "_fwdbwd", 0, 5 * bytes, () => Run(cpu, [Random(shape)], train: true, (tape, x) => op(tape, x[0])));
    }

    private static Action Product(CpuDevice cpu, string form, int m, int n, int k)
    {
        var (a, b, c) = (Random([m, k]), Random([k, n]), new Tensor([m, n], DType.F32));
        bool transposeA = form[0] == 't', transposeB = form[1] == 't';
        return () => Gemm.Run(
            cpu, transposeA, transposeB, m, n, k, a.Data<float>(), transposeA ? m : k, b.Data<float>(), transposeB ? k : n, c.Data<float>(), n);
    }

    private static Action Attention(CpuDevice cpu, int b, int t, bool train) => Run(
        cpu, [Random([b, 12, t, 64]), Random([b, 12, t, 64]), Random([b, 12, t, 64])], train, (tape, x) => tape.Attention(x[0], x[1], x[2]));

    private static Action Dice(CpuDevice cpu, bool train)
    {
        var (p, y) = (Random([64, 50176]), new Tensor([64, 50176], DType.F32));
        for (int i = 0; i < p.Count; i++)
        {
            p.Span<float>()[i] = Math.Abs(p.Span<float>()[i]) % 1;
            y.Span<float>()[i] = i % 10 == 0 ? 1 : 0;
        }

        return Run(cpu, [p], train, (tape, x) => tape.FpWeightedDice(x[0], tape.Constant(y), 2, 1, 1e-6));
    }

    /// <summary>Forward, or forward and backward from a cotangent of ones.</summary>
    private static Action Run(CpuDevice cpu, Tensor[] inputs, bool train, Func<Tape, Variable[], Variable> op)
    {
        var tape = new Tape(cpu) { Recording = train };
        var variables = new Variable[inputs.Length];
        return () =>
        {
            for (int i = 0; i < inputs.Length; i++)
            {
                variables[i] = train ? tape.Leaf(inputs[i]) : tape.Constant(inputs[i]);
            }

            var y = op(tape, variables);
            if (train)
            {
                var cotangent = tape.Empty(y.Shape, DType.F32);
                cotangent.Span<float>().Fill(1);
                tape.Backward([y], [cotangent]);
            }

            tape.Reset();
        };
    }

    private static Variable Ones(Tape tape, long n)
    {
        var ones = tape.Empty([n], DType.F32);
        ones.Span<float>().Fill(1);
        return tape.Constant(ones);
    }

    private static Tensor Random(Shape shape)
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

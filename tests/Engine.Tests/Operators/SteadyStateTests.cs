using Engine.Autograd;
using Engine.Kernels;
using Engine.Tensors;
using Xunit;

namespace Engine.Tests.Operators;

public sealed class SteadyStateTests : IDisposable
{
    // Made once: a literal list allocates each time in a debug build.
    private static readonly int[] Dims = [2, 0, 1];
    private static readonly Shape Flat = [64];

    private static readonly Tensor Running = Ones([3]);

    private readonly CpuDevice _cpu = new(1);

    public void Dispose() => _cpu.Dispose();

    public static TheoryData<string> Names => [.. Calls.Keys];

    private static Dictionary<string, Func<Tape, Variable>> Calls { get; } = new()
    {
        ["matmul"] = Call([2, 4, 8], [8, 8], (tape, a, b) => tape.Matmul(a, b)),
        ["linear"] = Call([4, 8], [8, 8], (tape, a, b) => tape.Linear(a, b, null, GemmActivation.Gelu)),
        ["patch_embedding"] = Call([2, 1, 8, 8], [4, 1, 4, 4], (tape, a, b) => tape.PatchEmbedding(a, b, tape.Slice(tape.Reshape(b, Flat), 0, 0, 4))),
        ["attention"] = Call([2, 2, 3, 4], [2, 2, 3, 4], (tape, a, b) => tape.Attention(a, b, b, dropoutP: 0.1)),
        ["cross_attention"] = Call([2, 2, 3, 4], [2, 2, 3, 4], (tape, a, b) => tape.CrossAttention(a, b, b).Map),
        ["self_attention"] = Call([2, 3, 12], [1], (tape, a, _) => tape.SelfAttention(a, 2)),
        ["multi_head_cross_attention"] = Call([2, 3, 4], [2, 5, 8], (tape, a, b) => tape.MultiHeadCrossAttention(a, b, 2).Y),
        ["conv2d"] = Call([2, 3, 9, 8], [4, 3, 3, 3], (tape, a, b) => tape.Conv2d(a, b, null, 2, 1, 1, 1)),
        ["batch_norm"] = Call([4, 3, 5], [3], (tape, a, b) => tape.BatchNorm(a, b, b, Running, Running, training: true)),
        ["max_pool2d"] = Call([2, 3, 9, 8], [1], (tape, a, _) => tape.MaxPool2d(a, 3, 3, 2, 2, 1, 1)),
        ["permute"] = Call([2, 3, 4], [1], (tape, a, _) => tape.Permute(a, Dims)),
        ["concat"] = Call([2, 3], [2, 4], (tape, a, b) => tape.Concat(1, a, b)),
        ["slice"] = Call([2, 3], [1], (tape, a, _) => tape.Slice(a, 1, 1, 2)),
    };

    [Theory, MemberData(nameof(Names))]
    public void A_repeated_step_allocates_nothing(string name)
    {
        using var tape = new Tape(_cpu);
        var call = Calls[name];
        var cotangent = Ones(call(tape).Shape);
        tape.Reset();
        long reserved = 0, least = long.MaxValue;
        for (int window = 0; window < 8; window++)
        {
            // The least of several windows: the runtime itself allocates when it recompiles a method that is called often.
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 20; i++)
            {
                tape.Backward([call(tape)], [cotangent]);
                tape.Reset();
            }

            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
            reserved = window == 0 ? tape.ReservedBytes : reserved;
        }

        Assert.Equal(0, least);
        Assert.Equal(reserved, tape.ReservedBytes);
    }

    private static Func<Tape, Variable> Call(Shape a, Shape b, Func<Tape, Variable, Variable, Variable> run)
    {
        var (left, right) = (Ones(a), Ones(b));
        return tape => run(tape, tape.Leaf(left), tape.Leaf(right));
    }

    private static Tensor Ones(Shape shape)
    {
        var tensor = new Tensor(shape, DType.F32);
        tensor.Span<float>().Fill(1);
        return tensor;
    }
}

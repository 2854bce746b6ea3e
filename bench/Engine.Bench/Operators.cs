using BenchmarkDotNet.Attributes;
using Engine.Autograd;
using Engine.Kernels;
using Engine.Tensors;

namespace Engine.Bench;

/// <summary>Forward and backward of single operators at the small ViT's sizes.</summary>
public class Operators
{
    private CpuDevice _cpu = null!;
    private Tape _tape = null!;
    private Tensor _x = null!;
    private Tensor _scale = null!;
    private Tensor _qkv = null!;

    [GlobalSetup]
    public void Setup()
    {
        _cpu = new CpuDevice();
        _tape = new Tape(_cpu);
        (_x, _scale, _qkv) = (new Tensor([16, 65, 128], DType.F32), new Tensor([128], DType.F32), new Tensor([16, 65, 384], DType.F32));
        for (int i = 0; i < _x.Count; i++)
        {
            _x.Span<float>()[i] = (i * 37 % 101 / 50f) - 1;
        }
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _tape.Dispose();
        _cpu.Dispose();
    }

    [Benchmark]
    public void LayerNorm() => Backward(_tape.LayerNorm(_tape.Leaf(_x), _tape.Leaf(_scale), _tape.Leaf(_scale)));

    [Benchmark]
    public void Gelu() => Backward(_tape.Gelu(_tape.Leaf(_x)));

    [Benchmark]
    public void SelfAttention() => Backward(_tape.SelfAttention(_tape.Leaf(_qkv), 4));

    private void Backward(Variable y)
    {
        _tape.Backward([y], [_tape.Zeros(y.Shape, y.DType)]);
        _tape.Reset();
    }
}

using Engine.Autograd;
using Engine.Kernels;
using Engine.Tensors;

namespace Engine.Tests.Optim;

/// <summary>A store whose gradients a test gives itself: each is the gradient of Σ gradient · parameter.</summary>
internal sealed class Trained : IDisposable
{
    public Trained(CpuDevice cpu, DType dtype, params (string Name, Shape Shape, bool Decays, double[] Values)[] parameters)
    {
        Tape = new Tape(cpu);
        Store = new ParameterStore(dtype);
        foreach (var (name, shape, decays, values) in parameters)
        {
            Store.Declare(name, shape, decays, t => Fill(t, values), _ => { });
        }

        Store.Build();
    }

    public ParameterStore Store { get; }

    public Tape Tape { get; }

    public Parameter this[string name] => Store.Find(name)!;

    /// <summary>Ends the step before and gives new gradients; null: none.</summary>
    public void Backward(params (string Name, double[]? Grad)[] grads)
    {
        Tape.Reset();
        foreach (var (name, grad) in grads)
        {
            if (grad is not null)
            {
                var cotangent = new Tensor(this[name].Shape, Store.DType);
                Fill(cotangent, grad);
                Tape.Backward([Tape.Mul(this[name], Tape.Constant(One()))], [cotangent]);
            }
        }
    }

    public void Dispose()
    {
        Tape.Dispose();
        Store.Dispose();
    }

    private Tensor One()
    {
        var one = new Tensor([], Store.DType);
        Fill(one, [1]);
        return one;
    }

    private static void Fill(Tensor tensor, double[] values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            if (tensor.DType == DType.F64)
            {
                tensor.Span<double>()[i] = values[i];
            }
            else
            {
                tensor.Span<float>()[i] = (float)values[i];
            }
        }
    }
}

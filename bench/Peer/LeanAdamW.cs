using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace Peer;

/// <summary>AdamW in place, one temporary a parameter at a time: PyTorch's formula with libtorch's least memory.</summary>
internal sealed class LeanAdamW(Dictionary<string, Parameter> parameters) : IDisposable
{
    private const double Beta1 = 0.9, Beta2 = 0.999, Eps = 1e-8;
    private readonly Dictionary<string, (Tensor M, Tensor V)> _moments = [];
    private int _step;

    /// <summary>The engine's rule: matrices decay; vectors, tokens, positions and refinement heads do not.</summary>
    public static bool Decays(string name, Tensor p) =>
        p.dim() > 1 && !name.StartsWith("heads.", StringComparison.Ordinal)
        && !name.EndsWith("cls_token", StringComparison.Ordinal) && !name.EndsWith("position_embeddings", StringComparison.Ordinal);

    public static void DropGradients(Dictionary<string, Parameter> parameters)
    {
        foreach (var p in parameters.Values)
        {
            p.grad?.Dispose();
            p.grad = null;
        }
    }

    public void Step()
    {
        using var mode = no_grad();
        _step++;
        double correction1 = 1 - Math.Pow(Beta1, _step), correction2 = 1 - Math.Pow(Beta2, _step);
        foreach (var (name, p) in parameters)
        {
            using var scope = NewDisposeScope();
            if (p.grad is not { } grad)
            {
                continue;
            }

            if (!_moments.TryGetValue(name, out var moments))
            {
                _moments[name] = moments = (zeros_like(p).DetachFromDisposeScope(), zeros_like(p).DetachFromDisposeScope());
            }

            p.mul_(1 - (StepInputs.LearningRate * (Decays(name, p) ? StepInputs.WeightDecay : 0)));
            moments.M.mul_(Beta1).add_(grad, alpha: 1 - Beta1);
            moments.V.mul_(Beta2).addcmul_(grad, grad, 1 - Beta2);
            var root = moments.V.sqrt().div_(Math.Sqrt(correction2)).add_(Eps);
            p.addcdiv_(moments.M, root, -StepInputs.LearningRate / correction1);
        }
    }

    public void Dispose()
    {
        foreach (var (m, v) in _moments.Values)
        {
            m.Dispose();
            v.Dispose();
        }
    }
}

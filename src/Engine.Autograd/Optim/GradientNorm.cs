using Engine.Tensors;

namespace Engine.Autograd.Optim;

/// <summary>The norm that <see cref="GradientClipping"/> measured. On a device it stays there until somebody asks for it.</summary>
/// <remarks>
/// Hand it to <see cref="AdamW.Step"/>: on a device that is where the gradients are multiplied, in the pass that reads them anyway, and
/// where a norm that is not finite stops the step. It is valid until the next clipping.
/// </remarks>
public readonly struct GradientNorm
{
    private readonly Tensor? _first;
    private readonly double _value;

    internal GradientNorm(double value) => _value = value;

    internal GradientNorm(Tensor onDevice, Tensor first) => (OnDevice, _first) = (onDevice, first);

    /// <summary>The norm before clipping; NaN or infinity where a gradient has one. On a device this waits for the step.</summary>
    public double Value => _first?.Item() ?? _value;

    /// <summary>f64 [2] on the device: the norm, and what the gradients are multiplied by; null on cpu, where they are already.</summary>
    internal Tensor? OnDevice { get; }
}

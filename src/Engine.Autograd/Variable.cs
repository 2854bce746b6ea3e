using Engine.Tensors;

namespace Engine.Autograd;

/// <summary>A tensor on the tape: its value, and after a backward pass its gradient.</summary>
/// <remarks>Variables that operators make belong to the tape and end with the step (<see cref="Tape.Reset"/>).</remarks>
public class Variable
{
    internal Variable(Tensor value, bool requiresGrad) => Bind(value, requiresGrad);

    /// <summary>The data.</summary>
    public Tensor Value { get; private protected set; } = null!;

    /// <summary>Whether gradients flow to this variable. Frozen ones cost neither memory nor backward work.</summary>
    public bool RequiresGrad { get; private protected set; }

    /// <summary>The gradient of the last backward pass: of leaves and parameters, until the next step; null where none arrived.</summary>
    public Tensor? Grad { get; internal set; }

    /// <summary>Sizes of the value.</summary>
    public Shape Shape => Value.Shape;

    /// <summary>Element type of the value.</summary>
    public DType DType => Value.DType;

    /// <summary>The value is read after the backward pass and must outlive it.</summary>
    internal bool Kept { get; set; }

    /// <summary>How backward can make the value again of what is saved anyway.</summary>
    internal Recipe Recipe { get; set; }

    /// <summary>What the host gave as an input, where that is where the value came from: checks of ids and targets read it.</summary>
    internal Tensor? HostValue { get; set; }

    /// <summary>It has a claim on its value's memory, which backward, <see cref="Tape.Done"/> or the end of the step gives up.</summary>
    private bool Holds { get; set; }

    internal void GiveUp()
    {
        if (Holds)
        {
            StepPool.Release(Value);
            Holds = false;
        }
    }

    internal void Bind(Tensor value, bool requiresGrad, bool holds = false)
    {
        Value = value;
        RequiresGrad = requiresGrad;
        Holds = holds;
        Grad = null;
        Kept = false;
        HostValue = null;
        Recipe = default;
    }
}

/// <summary>A trained tensor: value, gradient and optimiser state lie in the flat arenas of a <see cref="ParameterStore"/>.</summary>
public sealed class Parameter : Variable
{
    internal Parameter(string name, Tensor value, Tensor gradBuffer, bool decays, bool isBuffer)
        : base(value, !isBuffer)
    {
        Master = value;
        IsBuffer = isBuffer;
        Name = name;
        GradBuffer = gradBuffer;
        Decays = decays;
    }

    /// <summary>The name it has in weight files.</summary>
    public string Name { get; }

    /// <summary>
    /// What the optimiser moves and files hold: the value itself, or what it is a bf16 copy of (<see cref="ParameterStore.UseHalf"/>).
    /// </summary>
    public Tensor Master { get; }

    /// <summary>Whether weight decay applies: matrices yes; vectors, norms and refinement heads no.</summary>
    public bool Decays { get; }

    /// <summary>Whether it is no trained tensor but one that operators move, such as a running mean: saved, never trained.</summary>
    public bool IsBuffer { get; }

    /// <summary>Where its gradient is written, in the gradient arena.</summary>
    internal Tensor GradBuffer { get; }

    /// <summary>From here on operators read this copy.</summary>
    internal void UseHalf(Tensor copy) => Value = copy;

    /// <summary>Freezes or thaws it. A frozen parameter gets no gradient and no update; a buffer stays as it is.</summary>
    /// <param name="trained">whether gradients flow to it from now on</param>
    public void SetTrained(bool trained)
    {
        RequiresGrad = trained && !IsBuffer;
        Grad = null;
    }
}

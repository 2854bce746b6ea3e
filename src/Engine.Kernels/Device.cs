using Engine.Tensors;

namespace Engine.Kernels;

/// <summary>What runs operators: the processor, or a CUDA device (a real or an emulated one).</summary>
public abstract class Device : IDisposable
{
    /// <summary>Its name on the command line and in messages: cpu, cuda:0, emulated.</summary>
    public abstract string Name { get; }

    /// <summary>Where its tensors lie; null: in host memory.</summary>
    public abstract MemorySpace? Memory { get; }

    /// <inheritdoc/>
    public abstract void Dispose();
}

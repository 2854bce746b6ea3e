namespace Engine.Kernels;

/// <summary>Where operators run: the processor, or a CUDA device, real or emulated.</summary>
public abstract class Device
{
    /// <summary>As the user names it: cpu, cuda, cuda:1 or emulated.</summary>
    public abstract string Name { get; }
}

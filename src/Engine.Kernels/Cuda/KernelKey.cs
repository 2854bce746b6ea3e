namespace Engine.Kernels;

/// <summary>A kernel by name. One object a kernel, static: the device keeps what it compiled by the object.</summary>
/// <param name="file">stem of the file under kernels/, without .cu</param>
/// <param name="name">the kernel's name, extern "C"</param>
/// <param name="macro0">a macro whose value each launch gives (v0); the file is compiled once for each value</param>
/// <param name="macro1">a second one (v1)</param>
public sealed class KernelKey(string file, string name, string? macro0 = null, string? macro1 = null)
{
    /// <summary>Stem of the file under kernels/.</summary>
    public string File { get; } = file;

    /// <summary>The kernel's name.</summary>
    public string Name { get; } = name;

    /// <summary>The macro that v0 gives a value; null for none.</summary>
    public string? Macro0 { get; } = macro0;

    /// <summary>The macro that v1 gives a value; null for none.</summary>
    public string? Macro1 { get; } = macro1;
}

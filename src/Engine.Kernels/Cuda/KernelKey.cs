using Engine.Tensors;

namespace Engine.Kernels;

/// <summary>A kernel by name. One object a kernel, static: the device keeps what it compiled by the object.</summary>
/// <param name="file">stem of the file under kernels/, without .cu</param>
/// <param name="name">the kernel's name, extern "C"</param>
/// <param name="macro0">a macro whose value each launch gives (v0); the file is compiled once for each value</param>
/// <param name="macro1">a second one (v1)</param>
public sealed class KernelKey(string file, string name, string? macro0 = null, string? macro1 = null)
{
    /// <summary>A kernel of a user's file, compiled as it stands.</summary>
    /// <param name="path">the .cu file</param>
    /// <param name="name">the kernel's name; extern "C" is not needed</param>
    /// <returns>the key; errors of this kernel are the user's (65), not ours (70)</returns>
    public static KernelKey OfFile(string path, string name) => new(System.IO.Path.GetFullPath(path), name) { IsUsers = true };

    /// <summary>Whether the file is a user's: then <see cref="File"/> is its path.</summary>
    public bool IsUsers { get; private init; }

    /// <summary>What kind of error a fault of this kernel is.</summary>
    internal ErrorKind Fault => IsUsers ? ErrorKind.Content : ErrorKind.Internal;

    /// <summary>Stem of the file under kernels/.</summary>
    public string File { get; } = file;

    /// <summary>The kernel's name.</summary>
    public string Name { get; } = name;

    /// <summary>The macro that v0 gives a value; null for none.</summary>
    public string? Macro0 { get; } = macro0;

    /// <summary>The macro that v1 gives a value; null for none.</summary>
    public string? Macro1 { get; } = macro1;
}

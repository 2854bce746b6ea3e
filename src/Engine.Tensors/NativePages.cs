using System.Runtime.InteropServices;

namespace Engine.Tensors;

/// <summary>
/// Large pieces of host memory straight from the system where that is Linux: zero until written, of no cost until touched, and gone when
/// freed. The C library keeps blocks of up to 32 MB for later once it has seen one freed, cleared or not, and holes between them for good.
/// </summary>
internal static unsafe partial class NativePages
{
    private const nuint Least = 256 * 1024;
    private const int ReadAndWrite = 3, PrivateAndAnonymous = 0x22;

    /// <summary>Whether a block of so many bytes comes from here.</summary>
    public static bool Serve(nuint bytes) => OperatingSystem.IsLinux() && bytes >= Least;

    /// <summary>Takes pages; all zero. Null where there are none.</summary>
    public static void* Take(nuint bytes)
    {
        void* pages = Map(null, bytes, ReadAndWrite, PrivateAndAnonymous, -1, 0);
        return (nint)pages == -1 ? null : pages;
    }

    /// <summary>Gives them back.</summary>
    public static void Free(void* pages, nuint bytes) => _ = Unmap(pages, bytes);

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial void* Map(void* address, nuint bytes, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(void* address, nuint bytes);
}

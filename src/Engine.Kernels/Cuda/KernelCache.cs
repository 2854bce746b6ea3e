using System.Security.Cryptography;
using System.Text;
using Engine.Tensors;

namespace Engine.Kernels;

/// <summary>Compiled kernels on disk, each under the hash of all that it was made from; a damaged entry counts as absent.</summary>
/// <param name="folder">made when first written to; one that cannot be written keeps nothing, and all works without</param>
internal sealed class KernelCache(string folder)
{
    // An entry: these bytes, the SHA-256 of the rest, the length of the lowered name, the name, the image.
    private static ReadOnlySpan<byte> Magic => "dwarfk01"u8;

    /// <summary>Where a user's kernels lie: $DWARF_CACHE, or the system's place for caches.</summary>
    public static string DefaultFolder
    {
        get
        {
            string? own = Environment.GetEnvironmentVariable("DWARF_CACHE");
            string? xdg = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
            string home = Environment.GetFolderPath(OperatingSystem.IsWindows()
                ? Environment.SpecialFolder.LocalApplicationData : Environment.SpecialFolder.UserProfile);
            string root = !string.IsNullOrEmpty(own) ? own
                : !string.IsNullOrEmpty(xdg) ? Path.Combine(xdg, "dwarf-engine")
                : OperatingSystem.IsWindows() ? Path.Combine(home, "dwarf-engine") : Path.Combine(home, ".cache", "dwarf-engine");
            return Path.Combine(root, "kernels");
        }
    }

    /// <summary>The entry's name: everything that can change the image goes into it.</summary>
    /// <param name="source">text and headers</param>
    /// <param name="target">architecture, options, name expression</param>
    /// <param name="compiler">name and version; the emulator adds its build</param>
    public static string KeyOf(KernelSource source, CompileTarget target, string compiler)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Append(hash, compiler);
        Append(hash, target.Architecture);
        Append(hash, target.NameExpression ?? "");
        Append(hash, target.Options.Count.ToString(System.Globalization.CultureInfo.InvariantCulture));
        foreach (string option in target.Options)
        {
            Append(hash, option);
        }
        Append(hash, source.Path);   // it stands in line information and in messages
        Append(hash, source.Text);
        foreach (var (name, text) in source.Headers)
        {
            Append(hash, name);
            Append(hash, text);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Reads an entry.</summary>
    /// <returns>null: not there, or damaged</returns>
    public CompiledImage? TryRead(string key)
    {
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(PathOf(key));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
        int head = Magic.Length + SHA256.HashSizeInBytes;
        if (bytes.Length < head + 4 || !bytes.AsSpan().StartsWith(Magic)
            || !SHA256.HashData(bytes.AsSpan(head)).AsSpan().SequenceEqual(bytes.AsSpan(Magic.Length, SHA256.HashSizeInBytes)))
        {
            return null;
        }
        int name = BitConverter.ToInt32(bytes, head);
        return new CompiledImage(bytes[(head + 4 + name)..], Encoding.UTF8.GetString(bytes, head + 4, name));
    }

    /// <summary>Writes an entry, whole or not at all.</summary>
    public void Write(string key, CompiledImage compiled)
    {
        byte[] name = Encoding.UTF8.GetBytes(compiled.LoweredName);
        byte[] body = [.. BitConverter.GetBytes(name.Length), .. name, .. compiled.Image];
        try
        {
            Directory.CreateDirectory(folder);
            // A name of its own, so that two processes that compile the same kernel do not write into each other's file.
            string temporary = PathOf(key) + "." + Environment.ProcessId;
            AtomicFile.Write(temporary, stream =>
            {
                stream.Write(Magic);
                stream.Write(SHA256.HashData(body));
                stream.Write(body);
            });
            File.Move(temporary, PathOf(key), overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or DwarfException { Kind: ErrorKind.InputOutput })
        {
            // A cache that cannot be written costs time at the next start, nothing else.
        }
    }

    private string PathOf(string key) => Path.Combine(folder, key + ".kernel");

    private static void Append(IncrementalHash hash, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        hash.AppendData(BitConverter.GetBytes((long)bytes.Length));   // so that no two lists of texts run together into the same bytes
        hash.AppendData(bytes);
    }
}

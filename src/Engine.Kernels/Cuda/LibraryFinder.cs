namespace Engine.Kernels;

/// <summary>What a search for a library came to.</summary>
/// <param name="Library">logical name: cuda, nvrtc, cublas, cublasLt, nvtx</param>
/// <param name="Found">the file (or the bare name that the system's loader knows); null: not found</param>
/// <param name="LookedFor">every place that was tried, in order, up to the one found</param>
public sealed record LibrarySearch(string Library, string? Found, IReadOnlyList<string> LookedFor)
{
    /// <summary>One line for messages: what is missing and where it was sought.</summary>
    public string Missing => $"{Label} not found (looked for {string.Join(", ", Names)} in {Places})";

    private string Label => Library switch
    {
        CudaLibraries.Driver => "NVIDIA's driver",
        CudaLibraries.Compiler => "NVIDIA's compiler NVRTC",
        CudaLibraries.Blas => "cuBLAS",
        CudaLibraries.BlasLight => "cuBLASLt",
        _ => Library,
    };

    private IEnumerable<string> Names => LookedFor.Select(path => path[(path.LastIndexOfAny(['/', '\\']) + 1)..]).Distinct();

    private string Places
    {
        get
        {
            var folders = LookedFor.Select(path => path[..Math.Max(path.LastIndexOfAny(['/', '\\']), 0)]).Where(
                f => f.Length > 0).Distinct().ToList();
            return folders.Count == 0 ? "the system's library path" : $"{string.Join(", ", folders.Take(4))}"
                + (folders.Count > 4 ? $", {folders.Count - 4} more" : "") + " and the system's library path";
        }
    }
}

/// <summary>
/// Finds NVIDIA's libraries where users have them: CUDA_PATH, the library path, /usr/local/cuda, Python wheels; CUDA 12 and 13.
/// </summary>
/// <param name="environment">reads an environment variable</param>
/// <param name="loads">whether a full path or a bare name can be loaded</param>
/// <param name="root">prefix of every absolute path, for tests; empty for the real file system</param>
/// <param name="windows">which system's names and places</param>
public sealed class LibraryFinder(Func<string, string?> environment, Func<string, bool> loads, string root = "", bool windows = false)
{
    /// <summary>The CUDA versions whose libraries are accepted, newest first.</summary>
    public static IReadOnlyList<int> Versions { get; } = [13, 12];

    /// <summary>Searches for one library.</summary>
    /// <param name="library">cuda, nvrtc, cublas, cublasLt or nvtx</param>
    /// <param name="newest">the driver's CUDA version: libraries of a later one are left aside</param>
    /// <returns>what was found and where it was looked for</returns>
    public LibrarySearch Find(string library, int newest = int.MaxValue)
    {
        var looked = new List<string>();
        // A folder as a whole before the next one, but an older CUDA only where no newer one is anywhere.
        foreach (var names in NamesOf(library, newest))
        {
            foreach (string folder in FoldersOf(library))
            {
                foreach (string name in names)
                {
                    string path = Path.Combine(folder, name);
                    looked.Add(path);
                    if (File.Exists(path) && loads(path))
                    {
                        return new LibrarySearch(library, path, looked);
                    }
                }
            }
            foreach (string name in names)
            {
                looked.Add(name);
                if (loads(name))
                {
                    return new LibrarySearch(library, name, looked);
                }
            }
        }
        return new LibrarySearch(library, null, looked);
    }

    /// <summary>File names, the best CUDA version first; those of one version are equally good.</summary>
    private IEnumerable<string[]> NamesOf(string library, int newest)
    {
        if (library == CudaLibraries.Driver)
        {
            return [windows ? ["nvcuda.dll"] : ["libcuda.so.1", "libcuda.so"]];
        }
        if (library == CudaLibraries.Tools)
        {
            return [windows ? ["nvToolsExt64_1.dll"] : ["libnvToolsExt.so.1", "libnvToolsExt.so", "libnvtx3interop.so.1",
                "libnvtx3interop.so"]];
        }
        return Versions.Where(version => version <= newest).Select(version => windows
            ? library == CudaLibraries.Compiler ? [$"nvrtc64_{version}0_0.dll"] : new[] { $"{library}64_{version}.dll" }
            : [$"lib{library}.so.{version}"]);
    }

    private IEnumerable<string> FoldersOf(string library)
    {
        bool driver = library == CudaLibraries.Driver;
        var folders = new List<string>();
        if (!driver)   // a toolkit has only a stub of the driver, which must not be loaded
        {
            foreach (string variable in new[] { "CUDA_PATH", "CUDA_HOME" })
            {
                AddToolkit(folders, environment(variable));
            }
        }
        AddList(folders, environment(windows ? "PATH" : "LD_LIBRARY_PATH"));
        if (!windows)
        {
            folders.AddRange(new[] { "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib",
                "/usr/lib/wsl/lib" }
                .Select(folder => root + folder));
        }
        if (!driver)
        {
            foreach (string toolkit in Toolkits())
            {
                AddToolkit(folders, toolkit);
            }
            foreach (string site in SitePackages())
            {
                foreach (string part in Wheels(library))
                {
                    folders.Add(Path.Combine(site, "nvidia", part));
                }
            }
        }
        return folders.Distinct();
    }

    private void AddToolkit(List<string> folders, string? toolkit)
    {
        if (!string.IsNullOrEmpty(toolkit))
        {
            string[] parts = windows ? ["bin", "bin/x64"] : ["lib64", "lib", "targets/x86_64-linux/lib", "targets/sbsa-linux/lib"];
            folders.AddRange(parts.Select(part => Path.Combine(toolkit, part)));
        }
    }

    private void AddList(List<string> folders, string? list)
    {
        foreach (string folder in (list ?? "").Split(windows ? ';' : ':', StringSplitOptions.RemoveEmptyEntries))
        {
            folders.Add(folder.TrimEnd('/', '\\'));
        }
    }

    /// <summary>/usr/local/cuda, then /usr/local/cuda-13.1, cuda-12.4 …, newest first.</summary>
    private IEnumerable<string> Toolkits()
    {
        string parent = root + (windows ? "C:/Program Files/NVIDIA GPU Computing Toolkit/CUDA" : "/usr/local");
        string plain = Path.Combine(parent, "cuda");
        var versions = Directory.Exists(parent) ? Directory.GetDirectories(parent, windows ? "v*" : "cuda-*") : [];
        var sorted = versions.OrderByDescending(path => VersionOf(Path.GetFileName(path))).ThenBy(path => path, StringComparer.Ordinal);
        return Directory.Exists(plain) ? sorted.Prepend(plain) : sorted;
    }

    private static Version VersionOf(string name)
        => Version.TryParse(name.TrimStart('c', 'u', 'd', 'a', '-', 'v') is var number && number.Contains('.', StringComparison.Ordinal)
            ? number
            : number + ".0", out var version) ? version : new Version(0, 0);

    /// <summary>site-packages folders of the active environment, of PYTHONPATH, of the user's and of the system's Pythons.</summary>
    private List<string> SitePackages()
    {
        var sites = new List<string>();
        foreach (string variable in new[] { "VIRTUAL_ENV", "CONDA_PREFIX" })
        {
            AddPython(sites, environment(variable));
        }
        AddList(sites, environment("PYTHONPATH"));
        if (environment("HOME") is { Length: > 0 } home)
        {
            AddPython(sites, Path.Combine(home, ".local"));
        }
        if (!windows)
        {
            AddPython(sites, root + "/usr/local");
            AddPython(sites, root + "/usr");
        }
        return sites;
    }

    private void AddPython(List<string> sites, string? prefix)
    {
        if (string.IsNullOrEmpty(prefix))
        {
            return;
        }
        if (windows)
        {
            sites.Add(Path.Combine(prefix, "Lib", "site-packages"));
            return;
        }
        string lib = Path.Combine(prefix, "lib");
        var pythons = Directory.Exists(lib) ? Directory.GetDirectories(lib, "python3*") : [];
        foreach (string python in pythons.OrderByDescending(path => VersionOf(Path.GetFileName(path)["python".Length..])))
        {
            sites.Add(Path.Combine(python, "site-packages"));
            sites.Add(Path.Combine(python, "dist-packages"));
        }
    }

    /// <summary>Folders under nvidia/ in which wheels of CUDA 13 (one folder) and of CUDA 12 (one a library) put it.</summary>
    private string[] Wheels(string library)
    {
        string own = library == CudaLibraries.Compiler ? "cuda_nvrtc" : library == CudaLibraries.Tools ? "nvtx" : "cublas";
        return windows ? ["cu13/bin/x86_64", "cu13/bin", $"{own}/bin"] : ["cu13/lib", $"{own}/lib"];
    }
}

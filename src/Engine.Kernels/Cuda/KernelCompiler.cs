using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using Engine.Tensors;

namespace Engine.Kernels;

/// <summary>What a kernel file is compiled for.</summary>
/// <param name="Architecture">as in sm_90</param>
/// <param name="Options">of the compiler, the architecture included</param>
/// <param name="NameExpression">a kernel whose mangled name is wanted: of a user's file, which need not say extern "C"; null for
/// ours</param>
internal sealed record CompileTarget(string Architecture, IReadOnlyList<string> Options, string? NameExpression = null);

/// <summary>A compiled file.</summary>
/// <param name="Image">what the driver loads</param>
/// <param name="LoweredName">the mangled name of the target's name expression; empty without one</param>
internal readonly record struct CompiledImage(byte[] Image, string LoweredName);

/// <summary>NVRTC (or the emulator in its place) as one function: source and options in, image out.</summary>
internal sealed unsafe partial class KernelCompiler
{
    private readonly int[] _architectures;

    public KernelCompiler()
    {
        CudaLibraries.Load(CudaLibraries.Compiler);
        int major = 0, minor = 0, count = 0;
        CudaErrors.Check(Nvrtc.nvrtcVersion(&major, &minor), "NVRTC's version");
        (Major, Minor) = (major, minor);
        CudaErrors.Check(Nvrtc.nvrtcGetNumSupportedArchs(&count), "NVRTC's architectures");
        _architectures = new int[count];
        fixed (int* list = _architectures)
        {
            CudaErrors.Check(Nvrtc.nvrtcGetSupportedArchs(list), "NVRTC's architectures");
        }
    }

    public int Major { get; }

    public int Minor { get; }

    /// <summary>Files compiled so far, by this object.</summary>
    public long Compiled { get; private set; }

    /// <summary>
    /// The option for an architecture: machine code where the compiler knows it, else PTX of the newest older one for the driver to
    /// translate.
    /// </summary>
    /// <param name="architecture">as in sm_90</param>
    public string ArchitectureOption(string architecture)
    {
        if (!int.TryParse(architecture.StartsWith("sm_", StringComparison.Ordinal) ? architecture[3..] : "", NumberStyles.None,
            CultureInfo.InvariantCulture, out int wanted))
        {
            throw new DwarfException(ErrorKind.Usage, $"architecture: expected sm_80, sm_90 and the like, found '{architecture}'");
        }
        if (Array.IndexOf(_architectures, wanted) >= 0)
        {
            return $"--gpu-architecture=sm_{wanted}";
        }
        int older = _architectures.Where(each => each < wanted).DefaultIfEmpty().Max();
        return older >= 80 ? $"--gpu-architecture=compute_{older}" : throw new DwarfException(ErrorKind.Unavailable,
            $"NVRTC {Major}.{Minor} does not compile for {architecture} (it knows sm_{string.Join(", sm_", _architectures)})");
    }

    /// <summary>Compiles.</summary>
    /// <param name="source">the file and its headers</param>
    /// <param name="target">options</param>
    /// <param name="fault">what kind of error it is if the file is wrong: ours or a user's</param>
    /// <exception cref="DwarfException">the compiler's first error, as FILE:LINE</exception>
    public CompiledImage Compile(KernelSource source, CompileTarget target, ErrorKind fault)
    {
        using var text = new Utf8Texts();
        byte** headers = text.Array([.. source.Headers.Select(header => header.Text)]);
        byte** names = text.Array([.. source.Headers.Select(header => header.Name)]);
        byte** options = text.Array(target.Options);
        nint program = 0;
        CudaErrors.Check(
            Nvrtc.nvrtcCreateProgram(&program, text.Add(source.Text), text.Add(source.Path), source.Headers.Count, headers, names),
            source.Path);
        try
        {
            byte* expression = target.NameExpression is { } name ? text.Add(name) : null;
            if (expression is not null)
            {
                CudaErrors.Check(Nvrtc.nvrtcAddNameExpression(program, expression), source.Path);
            }
            Compiled++;
            var status = Nvrtc.nvrtcCompileProgram(program, target.Options.Count, options);
            if (status != nvrtcResult.NVRTC_SUCCESS)
            {
                throw new DwarfException(fault, FirstError(Log(program), source.Path, CudaErrors.Name(status)));
            }
            byte* lowered = null;
            if (expression is not null)
            {
                CudaErrors.Check(Nvrtc.nvrtcGetLoweredName(program, expression, &lowered),
                    $"{source.Path}: kernel {target.NameExpression}");
            }
            return new CompiledImage(Image(program, source.Path, target), lowered is null ? "" : Marshal.PtrToStringUTF8((nint)lowered)!);
        }
        finally
        {
            Nvrtc.nvrtcDestroyProgram(&program);
        }
    }

    /// <summary>The first error of a compiler's log as one line, FILE:LINE: message; warnings are passed over.</summary>
    internal static string FirstError(string log, string path, string status)
    {
        foreach (string line in log.Split('\n'))
        {
            var nvidia = NvidiaError().Match(line);
            if (nvidia.Success)
            {
                return $"{nvidia.Groups[1].Value}:{nvidia.Groups[2].Value}: {nvidia.Groups[3].Value.Trim()}";
            }
            var gnu = GnuError().Match(line);
            if (gnu.Success)
            {
                return $"{gnu.Groups[1].Value}:{gnu.Groups[2].Value}: {gnu.Groups[3].Value.Trim()}";
            }
        }
        string first = log.Split('\n').Select(line => line.Trim()).FirstOrDefault(line => line.Length > 0) ?? status;
        return $"{path}: does not compile: {first}";
    }

    private static string Log(nint program)
    {
        nuint bytes = 0;
        if (Nvrtc.nvrtcGetProgramLogSize(program, &bytes) != nvrtcResult.NVRTC_SUCCESS || bytes == 0)
        {
            return "";
        }
        byte[] log = new byte[checked((int)bytes)];
        fixed (byte* to = log)
        {
            return Nvrtc.nvrtcGetProgramLog(program, to) == nvrtcResult.NVRTC_SUCCESS ? Encoding.UTF8.GetString(log).TrimEnd('\0') : "";
        }
    }

    private static byte[] Image(nint program, string path, CompileTarget target)
    {
        bool machine = target.Options.Any(option => option.StartsWith("--gpu-architecture=sm_", StringComparison.Ordinal));
        nuint bytes = 0;
        CudaErrors.Check(machine ? Nvrtc.nvrtcGetCUBINSize(program, &bytes) : Nvrtc.nvrtcGetPTXSize(program, &bytes), path);
        byte[] image = new byte[checked((int)bytes)];
        fixed (byte* to = image)
        {
            CudaErrors.Check(machine ? Nvrtc.nvrtcGetCUBIN(program, to) : Nvrtc.nvrtcGetPTX(program, to), path);
        }
        return image;
    }

    [GeneratedRegex(@"^(.+?)\((\d+)\): (?:catastrophic )?error[^:]*: (.+)$")]
    private static partial Regex NvidiaError();

    [GeneratedRegex(@"^([^\s:][^:]*):(\d+)(?::\d+)?: (?:fatal )?error: (.+)$")]
    private static partial Regex GnuError();

    /// <summary>Texts for the compiler, freed together.</summary>
    private sealed class Utf8Texts : IDisposable
    {
        private readonly List<nint> _memory = [];

        public byte* Add(string text)
        {
            nint memory = Marshal.StringToCoTaskMemUTF8(text);
            _memory.Add(memory);
            return (byte*)memory;
        }

        public byte** Array(IReadOnlyList<string> texts)
        {
            nint array = Marshal.AllocCoTaskMem(Math.Max(texts.Count, 1) * sizeof(nint));
            _memory.Add(array);
            for (int i = 0; i < texts.Count; i++)
            {
                ((byte**)array)[i] = Add(texts[i]);
            }
            return (byte**)array;
        }

        public void Dispose() => _memory.ForEach(Marshal.FreeCoTaskMem);
    }
}

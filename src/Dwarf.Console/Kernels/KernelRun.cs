using Engine.Kernels;
using Engine.Tensors;

namespace Dwarf.Cli.Kernels;

/// <summary>Compiles and launches one kernel in this process.</summary>
internal static unsafe class KernelRun
{
    private const int SamplesForPictures = 2;

    /// <summary>Runs it; tensors hold what the kernel wrote.</summary>
    /// <returns>faults, and the counters where they were asked for</returns>
    /// <exception cref="DwarfException">it does not compile or has other parameters (content), or the device is not there (unavailable)</exception>
    public static KernelOutcome Run(KernelRequest request)
    {
        bool emulated = request.Device == "emulated";
        Instrumentation instruments = !emulated ? Instrumentation.None
            : request.Check ? Instrumentation.Checking
            : request.Volatile || request.Html is not null ? Instrumentation.Counting : Instrumentation.None;
        using CudaDevice gpu = CudaDevice.Open(
            request.Device, new CudaOptions { Instruments = instruments, Samples = request.Html is null ? 0 : SamplesForPictures });
        if (emulated)
        {
            Emulator.SetTimeLimit(request.Timeout);
        }
        return Run(request, gpu);
    }

    /// <summary>Runs it on a device that is open; its options say what is watched.</summary>
    public static KernelOutcome Run(KernelRequest request, CudaDevice gpu)
    {
        bool emulated = gpu.Name == "emulated", watched = emulated && Instruments.Mode != Instrumentation.None;
        var memory = new Dictionary<string, MemoryBlock>();
        try
        {
            foreach (var (name, tensor) in request.Tensors)
            {
                MemoryBlock block = gpu.Memory!.Allocate(tensor.Bytes.Length);
                memory.Add(name, block);
                Copy(gpu, block, tensor.Bytes, up: true);
                if (watched)
                {
                    Instruments.Name(block.Pointer, name);
                }
            }
            if (watched)
            {
                Instruments.Clear();
            }
            Arg[] arguments =
                [.. request.Arguments.Select(argument => argument.Tensor is { } name ? (nint)memory[name].Pointer : argument.Value)];
            KernelOutcome outcome = Launch(request, gpu, arguments, emulated, watched);
            foreach (var (name, tensor) in request.Tensors)
            {
                Copy(gpu, memory[name], tensor.Bytes, up: false);
            }
            return outcome;
        }
        finally
        {
            foreach (MemoryBlock block in memory.Values)
            {
                block.Dispose();
            }
        }
    }

    private static KernelOutcome Launch(KernelRequest request, CudaDevice gpu, Arg[] arguments, bool emulated, bool watched)
    {
        KernelFault? stopped = null;
        try
        {
            var kernel = KernelKey.OfFile(request.File, request.Kernel);
            gpu.Launch(kernel, DType.F32, request.Grid, request.Block, request.SharedBytes, arguments);
            gpu.Synchronize();
        }
        catch (DwarfException) when (emulated && Emulator.Fault is { } fault)
        {
            stopped = new KernelFault(fault.Kind, request.Kernel, fault.File, fault.Line, fault.Block, fault.Thread, fault.Message);
            Emulator.ResetFault();
        }
        LaunchReport? report = watched && Instruments.Read() is [.., var last] ? last : null;
        IReadOnlyList<KernelFault> faults = report is { Faults.Count: > 0 } ? report.Faults : stopped is null ? [] : [stopped];
        return new KernelOutcome([.. faults.Select(fault => fault with { Kernel = request.Kernel })], request.Check || request.Html is not null ? report : null);
    }

    private static void Copy(CudaDevice gpu, MemoryBlock block, byte[] bytes, bool up)
    {
        fixed (byte* host = bytes)
        {
            if (up)
            {
                gpu.Upload(block.Pointer, host, bytes.Length);
            }
            else
            {
                gpu.Download(host, block.Pointer, bytes.Length);
            }
        }
    }
}

/// <summary>What a launch did.</summary>
/// <param name="Faults">the first of each kind and line</param>
/// <param name="Report">counters; null where they were not asked for</param>
internal sealed record KernelOutcome(IReadOnlyList<KernelFault> Faults, LaunchReport? Report);

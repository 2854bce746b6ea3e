using System.Runtime.InteropServices;
using System.Text.Json;

namespace Engine.Kernels;

/// <summary>A fault that stopped a kernel on the emulated device.</summary>
/// <param name="Status">the driver's status, as CUDA_ERROR_ILLEGAL_ADDRESS = 700</param>
/// <param name="Kind">illegal-address, deadlock, absent-lane, misaligned, trap, assert</param>
/// <param name="Kernel">its name</param> <param name="File">source file, or empty</param> <param name="Line">line, or 0</param>
/// <param name="Block">blockIdx</param> <param name="Thread">threadIdx</param> <param name="Message">what happened</param>
public sealed record EmulatedFault(int Status, string Kind, string Kernel, string File, int Line, Dim3 Block, Dim3 Thread, string Message);

/// <summary>The emulated driver's own controls. Bound once a device `emulated` is open; set between launches.</summary>
public static unsafe partial class Emulator
{
    private const string Library = CudaLibraries.Emulator;

    /// <summary>Whether kernels compiled from now on carry instruments. Set before a device is opened: part of the cache's keys.</summary>
    public static bool Checked { get; private set; }

    /// <summary>The fault since which every call fails; null where there is none.</summary>
    public static EmulatedFault? Fault
    {
        get
        {
            string text = Text(&dwarf_emu_fault);
            if (text.Length == 0)
            {
                return null;
            }
            using var document = JsonDocument.Parse(text);
            var root = document.RootElement;
            Dim3 Triple(string name)
            {
                var array = root.GetProperty(name);
                return new Dim3(array[0].GetUInt32(), array[1].GetUInt32(), array[2].GetUInt32());
            }
            string String(string name) => root.GetProperty(name).GetString()!;
            return new EmulatedFault(root.GetProperty("status").GetInt32(), String("kind"), String("kernel"), String("file"),
                root.GetProperty("line").GetInt32(), Triple("block"), Triple("thread"), String("message"));
        }
    }

    /// <summary>Why the last call failed, where its status says too little; empty otherwise.</summary>
    public static string Why => Text(&dwarf_emu_why);

    /// <summary>Every entry point called since the last reset, with its count, one a line.</summary>
    public static string CallList => Text(&dwarf_emu_list_calls);

    /// <summary>Host threads that run blocks.</summary>
    public static int Workers => dwarf_emu_workers();

    /// <summary>How often an entry point was called since <see cref="ResetCalls"/>.</summary>
    /// <param name="name">NVIDIA's exported name, as cuMemAlloc_v2</param>
    public static long Calls(string name)
    {
        nint text = Marshal.StringToCoTaskMemUTF8(name);
        try
        {
            return (long)dwarf_emu_calls((byte*)text);
        }
        finally
        {
            Marshal.FreeCoTaskMem(text);
        }
    }

    /// <summary>Counts from zero again.</summary>
    public static void ResetCalls() => dwarf_emu_reset_calls();

    /// <summary>Calls work again after a fault.</summary>
    public static void ResetFault() => dwarf_emu_reset_fault();

    /// <summary>The order of blocks, warps and lanes.</summary>
    /// <param name="seed">0: the natural order; any other permutes</param>
    public static void SetSeed(ulong seed) => dwarf_emu_set_seed(seed);

    /// <summary>How many host threads run blocks.</summary>
    /// <param name="count">0: all processors</param>
    public static void SetWorkers(int count) => dwarf_emu_set_workers(count);

    /// <summary>Whether streams put work aside until something waits for it, and then take it in an order of their own.</summary>
    /// <param name="lazy">false: work is done when it is queued</param>
    /// <param name="seed">draws the order</param>
    public static void SetLazy(bool lazy, ulong seed = 0) => dwarf_emu_set_lazy(lazy ? 1 : 0, seed);

    /// <summary>How long one kernel may run.</summary>
    /// <param name="seconds">0: no limit</param>
    public static void SetTimeLimit(double seconds) => dwarf_emu_set_time_limit(seconds);

    /// <summary>Memory of the device.</summary>
    /// <param name="bytes">0: three quarters of the machine's</param>
    public static void SetMemory(long bytes) => dwarf_emu_set_memory((nuint)bytes);

    /// <summary>Kernels compiled from now on carry instruments, or not. A device opened before keeps the kernels it has.</summary>
    /// <param name="value">true: checked</param>
    public static void SetChecked(bool value)
    {
        dwarf_emu_set_checked(value ? 1 : 0);
        Checked = value;
    }

    /// <summary>The NVTX ranges pushed since <see cref="RecordRanges"/>, one a line, indented by depth.</summary>
    public static string Ranges => Text(&dwarf_emu_ranges);

    /// <summary>Writes the names of NVTX ranges down.</summary>
    /// <param name="record">false: stops and forgets them</param>
    public static void RecordRanges(bool record) => dwarf_emu_record_ranges(record ? 1 : 0);

    /// <summary>A short proof that fibers, collectives and the compiler work.</summary>
    /// <returns>0, or the step that failed</returns>
    public static int SelfTest() => dwarf_emu_self_test();

    private static string Text(delegate*<byte*, nuint, nuint> read)
    {
        byte[] buffer = new byte[(int)read(null, 0)];
        fixed (byte* to = buffer)
        {
            read(to, (nuint)buffer.Length);
            return Marshal.PtrToStringUTF8((nint)to)!;
        }
    }

    [LibraryImport(Library)]
    private static partial ulong dwarf_emu_calls(byte* name);

    [LibraryImport(Library)]
    private static partial void dwarf_emu_reset_calls();

    [LibraryImport(Library)]
    private static partial nuint dwarf_emu_list_calls(byte* text, nuint capacity);

    [LibraryImport(Library)]
    private static partial void dwarf_emu_set_seed(ulong seed);

    [LibraryImport(Library)]
    private static partial void dwarf_emu_set_workers(int count);

    [LibraryImport(Library)]
    private static partial int dwarf_emu_workers();

    [LibraryImport(Library)]
    private static partial void dwarf_emu_set_lazy(int lazy, ulong seed);

    [LibraryImport(Library)]
    private static partial void dwarf_emu_set_time_limit(double seconds);

    [LibraryImport(Library)]
    private static partial void dwarf_emu_set_memory(nuint bytes);

    [LibraryImport(Library)]
    private static partial void dwarf_emu_set_checked(int value);

    [LibraryImport(Library)]
    private static partial nuint dwarf_emu_fault(byte* text, nuint capacity);

    [LibraryImport(Library)]
    private static partial void dwarf_emu_reset_fault();

    [LibraryImport(Library)]
    private static partial nuint dwarf_emu_why(byte* text, nuint capacity);

    [LibraryImport(Library)]
    private static partial void dwarf_emu_record_ranges(int record);

    [LibraryImport(Library)]
    private static partial nuint dwarf_emu_ranges(byte* text, nuint capacity);

    [LibraryImport(Library)]
    private static partial int dwarf_emu_self_test();
}

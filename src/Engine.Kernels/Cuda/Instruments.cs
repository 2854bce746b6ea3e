using System.Runtime.InteropServices;

namespace Engine.Kernels;

/// <summary>What the emulator watches while kernels run.</summary>
public enum Instrumentation
{
    /// <summary>Nothing: as fast as it can.</summary>
    None,

    /// <summary>Counts what warp instructions do to memory; warps run in lock step.</summary>
    Counting,

    /// <summary>Counts, and finds faults.</summary>
    Checking,
}

/// <summary>
/// The emulator's instruments. They watch kernels of devices that are opened with <see cref="CudaOptions.Instruments"/>; a device opened before
/// keeps its plain kernels, of which nothing is seen. One worker runs all blocks meanwhile.
/// </summary>
public static unsafe partial class Instruments
{
    private const string Library = CudaLibraries.Emulator;

    /// <summary>What is watched now.</summary>
    public static Instrumentation Mode { get; private set; }

    /// <summary>Switches the instruments; the emulator must be bound. Kernels compiled from here on carry what the mode needs.</summary>
    /// <param name="mode">what to watch; set before memory is allocated that kernels will use</param>
    /// <param name="samples">how many warp instructions of each source line are kept with their addresses</param>
    public static void Set(Instrumentation mode, int samples = 0)
    {
        dwarf_check_mode((int)mode, samples);
        Emulator.SetChecked(mode != Instrumentation.None);
        Mode = mode;
    }

    /// <summary>Every launch since <see cref="Clear"/>, the first first. Waits for nothing: synchronise before.</summary>
    public static IReadOnlyList<LaunchReport> Read()
    {
        byte[] text = new byte[(int)dwarf_check_report(null, 0)];
        fixed (byte* to = text)
        {
            dwarf_check_report(to, (nuint)text.Length);
            return LaunchReport.Parse(Marshal.PtrToStringUTF8((nint)to)!);
        }
    }

    /// <summary>Forgets the launches so far.</summary>
    public static void Clear() => dwarf_check_clear();

    /// <summary>Gives an allocation a name for messages and samples.</summary>
    /// <param name="address">any address in it</param>
    /// <param name="name">as the user knows it</param>
    public static void Name(void* address, string name)
    {
        nint text = Marshal.StringToCoTaskMemUTF8(name);
        dwarf_check_name(address, (byte*)text);
        Marshal.FreeCoTaskMem(text);
    }

    [LibraryImport(Library)]
    private static partial void dwarf_check_mode(int mode, int samples);

    [LibraryImport(Library)]
    private static partial nuint dwarf_check_report(byte* text, nuint capacity);

    [LibraryImport(Library)]
    private static partial void dwarf_check_clear();

    [LibraryImport(Library)]
    private static partial void dwarf_check_name(void* address, byte* name);
}

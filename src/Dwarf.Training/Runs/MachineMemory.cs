using System.Diagnostics;
using System.Globalization;

namespace Dwarf.Training.Runs;

/// <summary>What the system says of memory, in bytes.</summary>
public static class MachineMemory
{
    /// <summary>Memory of this process that is resident now.</summary>
    public static long Resident
    {
        get
        {
            using var process = Process.GetCurrentProcess();
            return process.WorkingSet64;
        }
    }

    /// <summary>The most that was resident since the process began, or since <see cref="ForgetPeak"/>.</summary>
    public static long Peak
    {
        get
        {
            using var process = Process.GetCurrentProcess();
            return process.PeakWorkingSet64;
        }
    }

    /// <summary>What this process may take in all: what is free, within the limit of its container, and what it has already.</summary>
    public static long Available
    {
        get
        {
            long resident = Resident;
            long free = Field("/proc/meminfo", "MemAvailable:") is { } kilobytes
                ? (kilobytes * 1024) + resident
                : GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
            if (Number("/sys/fs/cgroup/memory.max") is { } limit && Number("/sys/fs/cgroup/memory.current") is { } used)
            {
                // Pages of files count as used, and go where memory is wanted.
                long files = Field("/sys/fs/cgroup/memory.stat", "inactive_file") ?? 0;
                free = Math.Min(free, limit - used + files + resident);
            }

            return Math.Min(free, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);
        }
    }

    /// <summary>Gives back what nobody names any more: tensors of a file that was read, before memory is wanted for other things.</summary>
    public static void Settle()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
    }

    /// <summary>Lets <see cref="Peak"/> begin anew, where the system can.</summary>
    public static void ForgetPeak()
    {
        try
        {
            File.WriteAllText("/proc/self/clear_refs", "5");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Only Linux can; elsewhere the peak is that of the whole process.
        }
    }

    private static long? Number(string file) =>
        File.Exists(file) && long.TryParse(File.ReadAllText(file).AsSpan().Trim(), CultureInfo.InvariantCulture, out long value) ? value : null;

    private static long? Field(string file, string name)
    {
        if (!File.Exists(file))
        {
            return null;
        }

        foreach (string line in File.ReadLines(file))
        {
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words.Length > 1 && words[0] == name)
            {
                return long.Parse(words[1], CultureInfo.InvariantCulture);
            }
        }

        return null;
    }
}

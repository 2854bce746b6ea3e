using System.Diagnostics;
using System.Globalization;
using Engine.Tensors;
using Xunit;

namespace Dwarf.Tests.Fuzz;

/// <summary>Reads damaged files for some seconds: whatever comes out must be a value or a DwarfException, soon and in bounded memory.</summary>
internal static class FuzzRun
{
    private const long MostBytes = 200L << 20;

    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);

    /// <summary>DWARF_FUZZ_SECONDS, or a few: enough to notice a reader that has lost its checks.</summary>
    private static double Seconds => Environment.GetEnvironmentVariable("DWARF_FUZZ_SECONDS") is { } text
        ? double.Parse(text, CultureInfo.InvariantCulture)
        : 1.5;

    /// <summary>Runs.</summary>
    /// <param name="make">a damaged file of this number</param>
    /// <param name="read">reads it</param>
    /// <returns>how many files were read, and how many of them without an error</returns>
    public static (int Files, int Fine) Go(Func<Mutator, byte[]> make, Action<byte[]> read)
    {
        // Another stretch of numbers every time it runs long; the short run is the same each time.
        ulong first = Environment.GetEnvironmentVariable("DWARF_FUZZ_FIRST") is { } text ? ulong.Parse(text, CultureInfo.InvariantCulture) : 0;
        var all = Stopwatch.StartNew();
        int files = 0, fine = 0;
        string? fault = null;
        byte[] current = [];
        long began = 0;
        var worker = new Thread(() =>
        {
            for (; all.Elapsed.TotalSeconds < Seconds && fault is null; files++)
            {
                byte[] file = make(new Mutator((first + (ulong)files) * 0x2545f4914f6cdd1d));
                current = file;
                Volatile.Write(ref began, all.ElapsedTicks);
                long before = GC.GetAllocatedBytesForCurrentThread();
                try
                {
                    read(file);
                    fine++;
                }
                catch (DwarfException error) when (error.Message.Any(char.IsControl) || error.Kind == ErrorKind.Internal)
                {
                    fault = $"{error.Kind}: {error.Message}";
                }
                catch (DwarfException)
                {
                }
                catch (Exception error)
                {
                    fault = error.ToString();
                }

                long bytes = GC.GetAllocatedBytesForCurrentThread() - before;
                Volatile.Write(ref began, 0);
                fault ??= bytes > MostBytes ? $"{bytes} bytes were allocated" : null;
            }
        })
        { IsBackground = true };
        worker.Start();
        while (!worker.Join(50))
        {
            long start = Volatile.Read(ref began);
            if (start != 0 && Stopwatch.GetElapsedTime(start, all.ElapsedTicks) > Longest * 10)
            {
                fault = $"still at it after {Longest * 10}";
                break;
            }
        }

        if (fault is not null)
        {
            string kept = Path.Combine(Path.GetTempPath(), $"dwarf-fuzz-{Guid.NewGuid():N}");
            File.WriteAllBytes(kept, current);
            Assert.Fail($"file {first + (ulong)files}, kept as {kept}: {fault}");
        }

        return (files, fine);
    }
}

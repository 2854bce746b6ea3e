using System.Diagnostics;
using System.Text.Json;
using Engine.Tensors;
using Xunit;

namespace Engine.Tests;

/// <summary>Weight files that want to run something, fill the memory or lie (tests/golden/weights/make_hostile.py): refused, by name, at once.</summary>
public sealed class HostileFileTests
{
    private const string Canary = "dwarf-canary";
    private const long MostBytes = 200L << 20;

    private static readonly string Folder = TorchFileTests.Golden("hostile");

    [Fact]
    public void Every_hostile_file_is_refused_for_the_right_reason_in_one_line_a_second_and_200_megabytes()
    {
        var expected = JsonSerializer.Deserialize<Dictionary<string, string>>(File.ReadAllText(TorchFileTests.Golden("hostile.json")))!;
        Assert.Equal(Directory.GetFiles(Folder).Select(Path.GetFileName).Order(StringComparer.Ordinal), expected.Keys.Order(StringComparer.Ordinal));
        Assert.True(expected.Count >= 300, $"only {expected.Count} files");
        string[] faults = [.. expected.Select(e => Fault(Path.Combine(Folder, e.Key), e.Value)).OfType<string>()];
        Assert.True(faults.Length == 0, string.Join('\n', faults));
        Assert.Empty(Directory.GetFiles(Environment.CurrentDirectory, Canary));
    }

    [Fact]
    public void A_pickle_of_more_opcodes_than_any_checkpoint_has_is_refused_within_the_same_bounds()
    {
        // Each kind of value a pickle can make in few bytes, over and over; then what makes a reader search its memo or copy its stack.
        byte[][] repeated =
        [
            [(byte)'}'], [(byte)']'], [0x8f], [(byte)'}', 0x85], [(byte)'G', 1, 2, 3, 4, 5, 6, 7, 8], [0x8c, 1, (byte)'x'], [(byte)'}', (byte)'N', (byte)'N', (byte)'s'],
            [.. "cargparse\nNamespace\n"u8, (byte)')', 0x81], [(byte)'(', (byte)'t'], [(byte)'N', 0x94], [(byte)'(', (byte)'('], [(byte)']', (byte)'N', (byte)'a'],
        ];
        foreach (byte[] opcodes in repeated)
        {
            byte[] pickle = [0x80, 4, .. Enumerable.Repeat(opcodes, 1_100_000).SelectMany(o => o), (byte)'.'];
            string path = Path.GetTempFileName();
            try
            {
                File.WriteAllBytes(path, TestArchive.Of(("archive/data.pkl", pickle)));
                Assert.Null(Fault(path, "has more than 1000000 opcodes"));
            }
            finally
            {
                File.Delete(path);
            }
        }
    }

    /// <summary>What is wrong with the way a file is refused; null if nothing is. A busy machine gets three tries at the second.</summary>
    private static string? Fault(string path, string message)
    {
        string? fault = Attempt(path, message);
        for (int again = 0; again < 2 && fault?.Contains(" ms, ", StringComparison.Ordinal) == true; again++)
        {
            fault = Attempt(path, message);
        }

        return fault;
    }

    private static string? Attempt(string path, string message)
    {
        string name = Path.GetFileName(path);
        long before = GC.GetAllocatedBytesForCurrentThread();
        var watch = Stopwatch.StartNew();
        try
        {
            using var file = WeightArchive.Open(path);
            foreach (var entry in file.Entries)
            {
                file.Read(entry.Name);
            }

            return $"{name}: was read";
        }
        catch (DwarfException error)
        {
            long bytes = GC.GetAllocatedBytesForCurrentThread() - before;
            return error.Kind != ErrorKind.Content ? $"{name}: {error.Kind}"
                : !error.Message.StartsWith(path + ": ", StringComparison.Ordinal) || !error.Message.Contains(message, StringComparison.Ordinal)
                    ? $"{name}: '{error.Message}' does not say '{message}'"
                : error.Message.Length > path.Length + 800 || error.Message.Any(char.IsControl) ? $"{name}: not one clean line"
                : watch.ElapsedMilliseconds >= 1000 || bytes >= MostBytes ? $"{name}: {watch.ElapsedMilliseconds} ms, {bytes} bytes"
                : null;
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            return $"{name}: {error}";
        }
    }
}

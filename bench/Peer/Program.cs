// One DWARF step (ViT-B/16 at 224, KAD's decoder, one prompt, one head; forward, backward, AdamW) in the engine and in libtorch:
// peak resident memory and losses. Both start from one weights file that the engine wrote; each runs in a process of its own.
//
//     dotnet run -c Release --project bench/Peer -- [--batch 8,32] [--steps 3] [--threads N] [--sides engine,checkpointed,libtorch,lean]
//
// Prints one JSON line a side and batch, then the ratios. Sides: `engine`; `checkpointed`, the engine with activation checkpointing;
// `libtorch`, TorchSharp with one dispose scope a step and its own AdamW; `lean`, libtorch with every temporary freed at once, gradients
// dropped before the forward and AdamW in place: the least that libtorch can do.
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Peer;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
string Option(string name, string fallback) => Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length ? args[at + 1] : fallback;

int threads = int.Parse(Option("--threads", $"{Environment.ProcessorCount}"));
int steps = int.Parse(Option("--steps", "3"));
string[] sides = Option("--sides", "engine,checkpointed,libtorch,lean").Split(',');
if (Option("--child", "") is { Length: > 0 } side)
{
    var file = Option("--weights", "");
    int batch = int.Parse(Option("--batch", "8"));
    if (side == "weights")
    {
        EngineStep.WriteWeights(file);
        return 0;
    }

    double[] losses = side is "engine" or "checkpointed"
        ? EngineStep.Run(file, batch, steps, threads, side == "checkpointed")
        : TorchStep.Run(file, batch, steps, threads, side == "lean");
    Console.WriteLine(JsonSerializer.Serialize(new Result(side, batch, steps, threads, PeakBytes(), losses)));
    return 0;
}

string weights = Path.Combine(Directory.CreateTempSubdirectory("peer-").FullName, "weights.safetensors");
try
{
    Child("weights", "1");
    foreach (string batch in Option("--batch", "8,32").Split(','))
    {
        var results = sides.Select(s => JsonSerializer.Deserialize<Result>(Child(s, batch))!).ToList();
        foreach (var result in results)
        {
            Console.WriteLine(JsonSerializer.Serialize(result));
        }

        foreach (var own in results.Where(r => r.Side is "engine" or "checkpointed"))
        {
            foreach (var peer in results.Where(r => r.Side is "libtorch" or "lean"))
            {
                double apart = own.Losses.Zip(peer.Losses, (a, b) => Math.Abs(a - b) / Math.Abs(b)).Max();
                Console.WriteLine(FormattableString.Invariant(
                    $"batch {batch}: {own.Side} / {peer.Side} peak {(double)own.PeakBytes / peer.PeakBytes:F3}, losses apart {apart:E1} relative"));
            }
        }
    }
}
finally
{
    Directory.Delete(Path.GetDirectoryName(weights)!, recursive: true);
}

return 0;

string Child(string side, string batch)
{
    var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
    foreach (string argument in new[] { "--child", side, "--batch", batch, "--steps", $"{steps}", "--threads", $"{threads}", "--weights", weights })
    {
        start.ArgumentList.Add(argument);
    }

    start.Environment["OMP_NUM_THREADS"] = $"{threads}";
    if (side is "libtorch" or "lean" && Path.Combine(AppContext.BaseDirectory, "stdcxx_shim.so") is var shim && new FileInfo(shim) is { Exists: true, Length: > 0 })
    {
        start.Environment["LD_PRELOAD"] = shim;
    }

    using var child = Process.Start(start)!;
    string output = child.StandardOutput.ReadToEnd();
    child.WaitForExit();
    return child.ExitCode == 0 ? output : throw new InvalidOperationException($"{side}, batch {batch}: exit code {child.ExitCode}");
}

static long PeakBytes() =>
    long.Parse(File.ReadLines("/proc/self/status").First(l => l.StartsWith("VmHWM", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2]) * 1024;

internal sealed record Result(string Side, int Batch, int Steps, int Threads, long PeakBytes, double[] Losses);

using System.Diagnostics;
using Dwarf.Training.Runs;
using Engine.Kernels;

namespace Dwarf.Cli.Bench;

/// <summary>One thing to time.</summary>
/// <param name="Name">as the libtorch peer names it, where the peer has it</param>
/// <param name="Flops">floating-point operations of one run, a multiply-add counting 2; 0: memory alone bounds it</param>
/// <param name="Bytes">bytes that must move, each tensor once; 0: not stated</param>
/// <param name="Prepare">makes the thing that is timed</param>
internal sealed record Case(string Name, double Flops, double Bytes, Func<Action> Prepare)
{
    /// <summary>Too large for a run of all cases: only who names it runs it.</summary>
    public bool OnlyByName { get; init; }

    /// <summary>Times it: warm-up past the compiler's last tier, then samples for at least the given time, each with a wait for the device.</summary>
    public Row Run(Device device, Ceilings ceilings, double seconds)
    {
        MachineMemory.ForgetPeak();
        var once = Prepare();
        Action run = device is CudaDevice gpu
            ? () =>
            {
                once();
                gpu.Synchronize();
            }
        : once;
        var clock = Stopwatch.StartNew();
        for (int i = 0; i < 60 || clock.Elapsed.TotalSeconds < 0.5; i++)
        {
            run();
            if (clock.Elapsed.TotalSeconds > 5)
            {
                break;
            }
        }

        var samples = new List<double>();
        clock.Restart();
        while (samples.Count < 5 || (samples.Count < 1000 && clock.Elapsed.TotalSeconds < seconds))
        {
            long start = Stopwatch.GetTimestamp();
            run();
            samples.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        samples.Sort();
        double median = samples[samples.Count / 2];
        double flopShare = Flops / median / 1e6 / ceilings.GigaFlops;
        double byteShare = Bytes > 0 ? Bytes / median / 1e6 / ceilings.CopyOf(Bytes) : 0;
        return new Row(
            Name, device.Name, "f32", median, samples[samples.Count / 4], samples[samples.Count * 3 / 4], samples.Count, Bytes, Flops,
            Math.Max(flopShare, byteShare), flopShare >= byteShare ? "flops" : "bytes", MachineMemory.Peak);
    }
}

/// <summary>A result, as `bench --json` prints it.</summary>
/// <param name="Name">the case</param>
/// <param name="Device">cpu, cuda, cuda:N or emulated</param>
/// <param name="Dtype">f32</param>
/// <param name="MsMedian">median time in milliseconds</param>
/// <param name="MsLow">lower quartile</param>
/// <param name="MsHigh">upper quartile</param>
/// <param name="Samples">how many runs</param>
/// <param name="Bytes">bytes that must move</param>
/// <param name="Flops">floating-point operations</param>
/// <param name="CeilingShare">the larger of its shares of the measured ceilings</param>
/// <param name="Bound">which ceiling that is: flops or bytes</param>
/// <param name="PeakBytes">most host memory of the process that was resident meanwhile</param>
internal sealed record Row(
    string Name, string Device, string Dtype, double MsMedian, double MsLow, double MsHigh, int Samples, double Bytes, double Flops, double CeilingShare, string Bound,
    long PeakBytes);

using Engine.Kernels;
using Xunit;

[assembly: AssemblyFixture(typeof(Emulator.Tests.EmulatedDevice))]
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]

namespace Emulator.Tests;

/// <summary>The one emulated device of a test run: a process binds one driver.</summary>
public sealed class EmulatedDevice : IDisposable
{
    public CudaDevice Gpu { get; } = CudaDevice.Open("emulated");

    public CpuDevice Cpu { get; } = new(2);

    public void Dispose()
    {
        Gpu.Dispose();
        Cpu.Dispose();
    }
}

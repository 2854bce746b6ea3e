using Engine.Kernels;

namespace Emulator.Tests;

/// <summary>An emulated device whose kernels are checked. Beside the plain one in the same process, whose kernels stay plain.</summary>
public sealed class CheckedDevice : IDisposable
{
    public CudaDevice Gpu { get; } = CudaDevice.Open("emulated", new CudaOptions { Instruments = Instrumentation.Checking });

    public void Dispose()
    {
        Gpu.Dispose();
        Engine.Kernels.Emulator.SetTimeLimit(0);
        Instruments.Set(Instrumentation.None);
    }
}

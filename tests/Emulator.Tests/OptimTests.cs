using Engine.Autograd;
using Engine.Autograd.Optim;
using Engine.Kernels;
using Engine.Tensors;
using Engine.Tests;
using Xunit;

namespace Emulator.Tests;

/// <summary>AdamW and clipping over the flat arenas of a store on the device, against the same store on cpu.</summary>
public sealed class OptimTests(EmulatedDevice devices)
{
    [Theory]
    [InlineData(DType.F64, 1e-12)]
    [InlineData(DType.F32, 1e-5)]
    public void Steps_with_idle_parameters_agree_with_cpu(DType dtype, double rtol)
    {
        using var cpu = new Run(devices.Cpu, dtype);
        using var gpu = new Run(devices.Gpu, dtype);
        for (int step = 0; step < 5; step++)
        {
            foreach (var run in (Run[])[cpu, gpu])
            {
                run.Backward(step, 1, idle: step % 3);
                run.Optimiser.Step(run.Device, 0.01 / (step + 1));
            }
        }

        AssertSame(cpu, gpu, rtol);
    }

    [Fact]
    public void A_parameter_without_gradient_keeps_every_byte()
    {
        using var run = new Run(devices.Gpu, DType.F32);
        run.Backward(0, 1);
        run.Optimiser.Step(devices.Gpu, 0.01);
        byte[] before = run.BytesOf("wide");
        run.Backward(1, 1, idle: 0);
        run.Optimiser.Step(devices.Gpu, 0.01);
        Assert.Equal(before, run.BytesOf("wide"));
        Assert.Equal((1, 2), (run.Optimiser.StepsOf(run["wide"]), run.Optimiser.StepsOf(run["tiny"])));
    }

    [Theory]
    [InlineData(DType.F64, 0.5, 1e-12)]
    [InlineData(DType.F32, 0.5, 2e-6)]
    [InlineData(DType.F32, 1e6, 2e-6)]
    [InlineData(DType.F32, double.PositiveInfinity, 2e-6)]
    public void Clipped_steps_agree_with_cpu(DType dtype, double most, double rtol)
    {
        using var cpu = new Run(devices.Cpu, dtype);
        using var gpu = new Run(devices.Gpu, dtype);
        for (int step = 0; step < 3; step++)
        {
            foreach (var run in (Run[])[cpu, gpu])
            {
                run.Backward(step, 1, idle: step);
                run.Norm = run.Clipping.Clip(run.Device, most);
                run.Optimiser.Step(run.Device, 0.01, run.Norm);
            }

            Assert.Equal(cpu.Norm.Value, gpu.Norm.Value, 1e-6 * cpu.Norm.Value);
        }

        AssertSame(cpu, gpu, rtol);
    }

    [Fact]
    public void Large_gradients_do_not_overflow_the_norm()
    {
        using var run = new Run(devices.Gpu, DType.F32);
        run.Backward(0, 1e30);
        double norm = run.Clipping.Clip(devices.Gpu, 1).Value;
        Assert.InRange(norm, 1e31, 1e34);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void A_norm_that_is_not_finite_is_reported_and_nothing_moves(double bad)
    {
        using var run = new Run(devices.Gpu, DType.F32);
        byte[] before = run.BytesOf("odd");
        run.Backward(0, bad);
        var norm = run.Clipping.Clip(devices.Gpu, 1);
        run.Optimiser.Step(devices.Gpu, 0.01, norm);
        Assert.False(double.IsFinite(norm.Value));
        Assert.Equal(before, run.BytesOf("odd"));
    }

    [Fact]
    public void The_half_copy_is_the_rounded_values_after_every_step()
    {
        using var run = new Run(devices.Gpu, DType.F32);
        var copies = run.Optimiser.MakeHalfCopy();
        for (int step = 0; step < 2; step++)
        {
            for (int p = 0; p < copies.Length; p++)
            {
                var expected = run.Store.Parameters[p].Value.To(DType.BF16);
                Assert.Equal(expected.ToArray<ushort>(), copies[p].OnHost().ToArray<ushort>());
            }

            run.Backward(step, 1);
            run.Optimiser.Step(devices.Gpu, 0.01);
        }
    }

    [Fact]
    public void A_captured_step_is_replayed_with_new_numbers()
    {
        using var plain = new Run(devices.Gpu, DType.F32);
        using var captured = new Run(devices.Gpu, DType.F32);
        for (int step = 0; step < 4; step++)
        {
            plain.Backward(0, 1, idle: 1);
            var norm = plain.Clipping.Clip(devices.Gpu, 0.5);
            plain.Optimiser.Step(devices.Gpu, 0.1 / (step + 1), norm);
        }

        captured.Backward(0, 1, idle: 1);
        captured.Optimiser.Step(devices.Gpu, 0.1, captured.Clipping.Clip(devices.Gpu, 0.5));
        devices.Gpu.BeginCapture();
        captured.Backward(0, 1, idle: 1);
        captured.Optimiser.Launch(devices.Gpu, captured.Clipping.Clip(devices.Gpu, 0.5));
        using var graph = devices.Gpu.EndCapture();
        for (int step = 1; step < 4; step++)
        {
            captured.Optimiser.Prepare(0.1 / (step + 1));
            graph.Launch();
        }

        foreach (string name in (string[])["wide", "tiny", "odd"])
        {
            Assert.Equal(plain.BytesOf(name), captured.BytesOf(name));
        }

        Assert.Equal(4, captured.Optimiser.StepsOf(captured["wide"]));
    }

    [Fact]
    public void A_step_is_three_launches_and_allocates_nothing()
    {
        using var run = new Run(devices.Gpu, DType.F32);
        run.Backward(0, 1);
        long launches = 0, least = long.MaxValue;
        for (int window = 0; window < 4; window++)
        {
            devices.Gpu.Synchronize();      // an upload that has ended lends its memory to the next one
            long before = GC.GetAllocatedBytesForCurrentThread(), first = devices.Gpu.Launches;
            run.Optimiser.Step(devices.Gpu, 0.01, run.Clipping.Clip(devices.Gpu, 0.5));
            launches = devices.Gpu.Launches - first;
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal((3, 0), (launches, least));
    }

    private static void AssertSame(Run expected, Run found, double rtol)
    {
        foreach (var ((name, oracle), (_, tensor)) in expected.Optimiser.State().Zip(found.Optimiser.State()))
        {
            if (oracle.DType == DType.I64)
            {
                Assert.Equal(oracle.Item(), tensor.Item());
            }
            else
            {
                Close.Assert(tensor.OnHost(), oracle, rtol, 0, name);
            }
        }

        foreach (var parameter in expected.Store.Parameters)
        {
            Close.Assert(found[parameter.Name].Value.OnHost(), parameter.Value, rtol, 0, parameter.Name);
        }
    }

    /// <summary>A store whose gradients are seeded numbers; three parameters: of several tiles, of one element, of an odd number.</summary>
    private sealed class Run : IDisposable
    {
        private readonly Tape _tape;

        public Run(Device device, DType dtype)
        {
            Device = device;
            _tape = new Tape(device);
            Store = new ParameterStore(dtype, device.Memory);
            Store.Declare("wide", [3, 16384], true, t => t.CopyFrom(Numbers(t, 1, 1)), _ => { });
            Store.Declare("tiny", [], false, t => t.CopyFrom(Numbers(t, 2, 1)), _ => { });
            Store.Declare("odd", [17, 1001], true, t => t.CopyFrom(Numbers(t, 3, 1)), _ => { });
            Store.Build();
            Optimiser = new AdamW(Store, new AdamWOptions { WeightDecay = 0.1 });
            Optimiser.SetRateFactor(this["tiny"], 3);
            Clipping = new GradientClipping(Store);
        }

        public Device Device { get; }

        public ParameterStore Store { get; }

        public AdamW Optimiser { get; }

        public GradientClipping Clipping { get; }

        public GradientNorm Norm { get; set; }

        public Parameter this[string name] => Store.Find(name)!;

        /// <summary>Ends the step before and gives new gradients to all parameters but one.</summary>
        public void Backward(int step, double size, int idle = -1)
        {
            _tape.Reset();
            var one = _tape.Constant(_tape.Scalar(1, Store.DType));
            for (int p = 0; p < Store.Parameters.Count; p++)
            {
                if (p != idle)
                {
                    var parameter = Store.Parameters[p];
                    var gradient = _tape.OnDevice(Numbers(parameter.Value, 10 + (10 * step) + p, size));
                    _tape.Backward([_tape.Mul(parameter, one)], [gradient]);
                }
            }
        }

        public byte[] BytesOf(string name)
        {
            var value = this[name].Value.OnHost();
            return value.ByteSpan(0, (int)value.Bytes).ToArray();
        }

        public void Dispose()
        {
            _tape.Dispose();
            Store.Dispose();
        }

        private static Tensor Numbers(Tensor like, int seed, double size)
        {
            var random = new Random(seed);
            double[] values = [.. Enumerable.Range(0, (int)like.Count).Select(_ => size * ((2 * random.NextDouble()) - 1))];
            return Tensor.From<double>(like.Shape, values).To(like.DType);
        }
    }
}

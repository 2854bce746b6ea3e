using System.Security.Cryptography;
using Dwarf.Model;
using Engine.Autograd;
using Engine.Autograd.Optim;
using Engine.Kernels;
using Engine.Tensors;
using Xunit;
using Emu = Engine.Kernels.Emulator;

namespace Emulator.Tests;

/// <summary>Whole DWARF training steps on the CUDA back end: the same bits whatever runs them, nothing allocated, nothing waited for.</summary>
public sealed class StepTests(EmulatedDevice devices)
{
    private static readonly ModelConfig s_small = new()
    {
        Image = new ImageEncoderConfig { Size = 32, Patch = 8, Width = 32, Layers = 2, Heads = 2, Hidden = 64 },
        Text = null,
        Decoder = new DecoderConfig { Layers = 1, Heads = 2, Hidden = 32, Dropout = 0 },
    };

    private static readonly ModelConfig s_base = new() { Text = null, Decoder = new DecoderConfig { Layers = 1, Dropout = 0 } };

    [Fact]
    public void A_run_has_the_same_bits_for_any_number_of_workers_any_order_and_any_delay()
    {
        string expected = Run();
        Assert.Equal(expected, Run());
        int workers = Emu.Workers;
        try
        {
            foreach (int count in new[] { 1, 3, 5 })
            {
                Emu.SetWorkers(count);
                Assert.Equal(expected, Run());
            }

            foreach (ulong seed in new ulong[] { 11, 222, 3333 })
            {
                Emu.SetSeed(seed);
                Emu.SetLazy(true, seed);
                Assert.Equal(expected, Run());
            }
        }
        finally
        {
            Emu.SetLazy(false);
            Emu.SetSeed(0);
            Emu.SetWorkers(workers);
        }

        string Run()
        {
            using var work = new Work(devices.Gpu, s_small, batch: 3);
            for (int step = 0; step < 3; step++)
            {
                work.Step();
            }

            return work.Hash();
        }
    }

    [Fact]
    public void A_step_captured_as_a_graph_replays_to_the_bits_of_steps_run_one_by_one()
    {
        using Work eager = new(devices.Gpu, s_small, batch: 3), replayed = new(devices.Gpu, s_small, batch: 3);
        for (int step = 0; step < 5; step++)
        {
            eager.Step();
        }

        replayed.Step();
        replayed.Optimiser.Prepare(Work.Rate);
        devices.Gpu.BeginCapture();
        replayed.Captured();
        using var graph = devices.Gpu.EndCapture();
        Assert.True(graph.Nodes > 50, $"{graph.Nodes} nodes");
        graph.Launch();
        for (int step = 2; step < 5; step++)
        {
            replayed.Optimiser.Prepare(Work.Rate);
            graph.Launch();
        }

        Assert.Equal(eager.Hash(), replayed.Hash());
    }

    [Fact]
    public void Steps_recorded_anew_each_time_share_one_executable_and_give_the_same_bits()
    {
        using Work eager = new(devices.Gpu, s_small, batch: 3), recorded = new(devices.Gpu, s_small, batch: 3);
        using var recorder = new CudaRecorder(devices.Gpu);
        eager.Step();
        recorded.Step();
        for (int step = 1; step < 5; step++)
        {
            eager.Step();
            recorder.Begin();
            recorded.Step();
            recorder.Launch();
        }

        Assert.Equal(eager.Hash(), recorded.Hash());
        Assert.Equal((4, 3), (recorder.Launches, recorder.Updates));
    }

    [Theory]
    [InlineData(DType.F32)]
    [InlineData(DType.BF16)]
    public void The_steady_step_makes_no_allocation_and_waits_for_nothing(DType dtype)
    {
        using var work = new Work(devices.Gpu, s_small, batch: 3, dtype);
        for (int step = 0; step < 8; step++)
        {
            work.Step();
        }

        Emu.ResetCalls();
        long managed = GC.GetAllocatedBytesForCurrentThread();
        for (int step = 0; step < 4; step++)
        {
            work.Step();
        }

        managed = GC.GetAllocatedBytesForCurrentThread() - managed;
        string calls = Emu.CallList;
        Assert.InRange(managed, 0, 4 * 256);    // the loss's views of labels and masks: no more with a larger network
        foreach (string forbidden in new[] { "Alloc", "Free", "Synchronize", "DtoH", "Create", "Destroy", "nvrtc", "cuModule", "Heuristic" })
        {
            Assert.DoesNotContain(forbidden, calls, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Checkpoints_change_no_bit_and_a_recorded_step_holds_them()
    {
        using Work eager = new(devices.Gpu, s_small, batch: 3), recorded = new(devices.Gpu, s_small, batch: 3);
        recorded.CheckpointActivations();
        using var recorder = new CudaRecorder(devices.Gpu);
        for (int step = 0; step < 4; step++)
        {
            eager.Step(Work.Rate);
            if (step == 0)
            {
                recorded.Step(Work.Rate);
                continue;
            }

            recorder.Begin();
            recorded.Step();
            recorder.Launch();
        }

        Assert.Equal(eager.Hash(), recorded.Hash());
    }

    [Fact]
    public void A_step_of_ViT_B_size_completes_and_lowers_the_loss()
    {
        using var work = new Work(devices.Gpu, s_base, batch: 1);
        double before = work.Step(1e-5), after = work.Loss();
        Assert.True(double.IsFinite(before) && after < before, $"{before:R}, then {after:R}");
    }

    /// <summary>A network, its optimiser, one batch, and a tape.</summary>
    private sealed class Work : IDisposable
    {
        public const double Rate = 1e-3;

        private readonly CudaDevice _device;
        private readonly DwarfNetwork _network;
        private readonly Tape _tape;
        private readonly Tensor _image, _features, _labels, _masks;
        private readonly LossConfig _loss = new() { WFp = 2 };
        private readonly MapConfig _map = new();

        public Work(CudaDevice device, ModelConfig config, int batch, DType dtype = DType.F32)
        {
            (_device, int size) = (device, config.Image.Size);
            _network = new DwarfNetwork(config, ["finding"], dtype, seed: 1, device.Memory);
            Optimiser = new AdamW(_network.Parameters);
            _tape = new Tape(device);
            _image = Values([batch, 3, size, size]).To(dtype).CopyTo(device.Memory);
            _features = Values([1, config.Image.Width]).To(dtype).CopyTo(device.Memory);
            (_labels, _masks) = (new Tensor([batch], DType.I64), new Tensor([batch, size, size], DType.F32));
            _labels.Span<long>().Fill(1);
            for (int i = 0; i < _masks.Count; i += 7)
            {
                _masks.Span<float>()[i] = 1;
            }
        }

        public AdamW Optimiser { get; }

        public void CheckpointActivations() => _tape.CheckpointsActivations = true;

        /// <summary>One step; its loss before the update.</summary>
        public double Step(double rate)
        {
            double loss = Gradients().Value.Item();
            Optimiser.Step(_device, rate);
            _tape.Reset();
            return loss;
        }

        /// <summary>One step that reads nothing back.</summary>
        public void Step()
        {
            Gradients();
            Optimiser.Step(_device, Rate);
            _tape.Reset();
        }

        /// <summary>All of a step that a graph can hold; <see cref="AdamW.Prepare"/> comes before it.</summary>
        public void Captured()
        {
            Gradients();
            Optimiser.Launch(_device);
            _tape.Reset();
        }

        public double Loss()
        {
            double loss = Gradients().Value.Item();
            _tape.Reset();
            return loss;
        }

        public string Hash()
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            foreach (var parameter in _network.Parameters.Parameters)
            {
                var value = parameter.Master.OnHost();
                Assert.All(value.ToArray<float>(), v => Assert.True(float.IsFinite(v)));
                hash.AppendData(value.ByteSpan(0, (int)value.Bytes));
            }

            return Convert.ToHexString(hash.GetHashAndReset());
        }

        public void Dispose()
        {
            _tape.Dispose();
            _network.Dispose();
        }

        private Variable Gradients()
        {
            var (logits, map) = _network.Forward(_tape, _tape.Constant(_image), _tape.Constant(_features));
            var total = DwarfLoss.Compute(
                _tape, logits, map, _labels, _masks, _network.Head("finding"), _network.Config.Image, _map, _loss).Total;
            _tape.Backward(total);
            return total;
        }

        private static Tensor Values(Shape shape)
        {
            var tensor = new Tensor(shape, DType.F32);
            for (int i = 0; i < tensor.Count; i++)
            {
                tensor.Span<float>()[i] = ((i % 17) - 8) / 8f;
            }

            return tensor;
        }
    }
}

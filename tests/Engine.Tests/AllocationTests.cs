using Engine.Autograd;
using Engine.Autograd.Operators;
using Engine.Autograd.Optim;
using Engine.Kernels;
using Engine.Kernels.Operators;
using Engine.Tensors;
using Xunit;

namespace Engine.Tests;

public sealed class AllocationTests
{
    [Fact]
    public void Steps_of_operators_and_optimiser_allocate_nothing_once_warm()
    {
        using var cpu = new CpuDevice(1);
        using var tape = new Tape(cpu);
        using var store = new ParameterStore(DType.F32);
        Parameter weight = null!, scale = null!;
        store.Declare("weight", [33, 20], true, t => t.Span<float>().Fill(0.01f), p => weight = p);
        store.Declare("scale", [20], false, t => t.Span<float>().Fill(1), p => scale = p);
        store.Build();
        var optimiser = new AdamW(store);
        var clipping = new GradientClipping(store);
        var x = new Tensor([6, 33], DType.F32);
        var mask = new Tensor([6, 400], DType.F32);
        var classes = new Tensor([6], DType.I64);
        x.Span<float>().Fill(0.5f);
        mask.Span<float>()[..50].Fill(1);
        Shape rows = [20, 33], planes = [6, 1, 4, 5], pixels = [6, 400];       // a literal shape is an array in a debug build

        Step();
        long reserved = tape.ReservedBytes, least = long.MaxValue;
        for (int window = 0; window < 8; window++)
        {
            // The least of several windows: the runtime itself allocates when it recompiles a method that is called often.
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int step = 0; step < 20; step++)
            {
                Step();
            }

            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);
        Assert.Equal(reserved, tape.ReservedBytes);

        void Step()
        {
            var h = tape.Mul(tape.Linear(tape.Constant(x), tape.Reshape(weight, rows), null), scale);
            h = tape.Dropout(tape.Tanh(tape.Relu(tape.Gelu(tape.Add(h, scale)))), 0.1, 1, 0);
            var maps = tape.ScaleMap(tape.Sigmoid(tape.Softmax(h)), MapScale.Minmax);
            var resized = tape.BilinearResize(tape.Reshape(tape.Logit(maps), planes), 20, 20);
            var dice = tape.FpWeightedDiceWithLogits(tape.Reshape(resized, pixels), tape.Constant(mask), 2);
            var bce = tape.BceWithLogits(tape.Reshape(resized, pixels), tape.Constant(mask));
            var loss = tape.Add(tape.Add(dice, bce), tape.Add(tape.CrossEntropy(h, tape.Constant(classes)), tape.ReduceMean(h)));
            tape.Backward(loss);
            clipping.Clip(cpu, 1);
            optimiser.Step(cpu, 1e-3);
            tape.Reset();
        }
    }
}

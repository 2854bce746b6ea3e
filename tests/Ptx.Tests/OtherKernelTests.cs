using Engine.Kernels;
using Engine.Kernels.Operators;
using Engine.Tensors;
using Engine.Tests;
using Xunit;

namespace Ptx.Tests;

/// <summary>The kernels that no operator row launches: the optimiser's over whole arenas, sums of gradients, narrowing. Against
/// formulas.</summary>
public sealed class OtherKernelTests(InterpretedDevice device)
{
    public static TheoryData<DType> Dtypes => [DType.F32, DType.F64, DType.BF16];

    /// <summary>All of them once, for the list of kernels that have run.</summary>
    internal void RunAll()
    {
        foreach (DType dtype in new[] { DType.F32, DType.F64, DType.BF16 })
        {
            A_second_gradient_is_added(dtype);
            An_average_moves_part_of_the_way(dtype);
            A_narrow_gradient_is_added_in_the_wider_type(dtype);
            Sums_are_narrowed_to_the_dtype(dtype);
            A_step_over_an_arena_moves_the_active_parameters_and_writes_their_bf16_copy(dtype);
            The_norm_of_the_gradients_leaves_idle_parameters_out(dtype);
        }
    }

    [Theory, MemberData(nameof(Dtypes))]
    public void A_second_gradient_is_added(DType dtype)
    {
        Tensor first = Numbers([517], 1).To(dtype), second = Numbers([517], 2).To(dtype), onDevice = first.CopyTo(device.Gpu.Memory);
        Run(() => AccumulateCuda.AddInto(device.Gpu, onDevice, second.CopyTo(device.Gpu.Memory)));
        double[] a = Values(first), b = Values(second);
        Agrees(onDevice, [.. a.Zip(b, static (x, y) => x + y)], dtype, "sum");
    }

    [Theory, MemberData(nameof(Dtypes))]
    public void An_average_moves_part_of_the_way(DType dtype)
    {
        Tensor average = Numbers([517], 1).To(dtype), value = Numbers([517], 2).To(dtype), onDevice = average.CopyTo(device.Gpu.Memory);
        Run(() => AccumulateCuda.MoveTowards(device.Gpu, onDevice, value.CopyTo(device.Gpu.Memory), 0.25));
        double[] a = Values(average), b = Values(value);
        Agrees(onDevice, [.. a.Zip(b, static (x, y) => x + (0.25 * (y - x)))], dtype, "average");
    }

    [Theory, MemberData(nameof(Dtypes))]
    public void A_narrow_gradient_is_added_in_the_wider_type(DType dtype)
    {
        Tensor wide = Numbers([1030], 1).To(dtype.Accumulator()), narrow = Numbers([1030], 2).To(dtype);
        Tensor onDevice = wide.CopyTo(device.Gpu.Memory), other = narrow.CopyTo(device.Gpu.Memory);
        Run(() => AccumulateCuda.Widen(device.Gpu, onDevice, other, adds: true));
        double[] a = Values(wide), b = Values(narrow);
        Agrees(onDevice, [.. a.Zip(b, static (x, y) => x + y)], dtype.Accumulator(), "sum");
        Run(() => AccumulateCuda.Widen(device.Gpu, onDevice, other, adds: false));
        Agrees(onDevice, b, dtype.Accumulator(), "widened");
    }

    [Theory, MemberData(nameof(Dtypes))]
    public void Sums_are_narrowed_to_the_dtype(DType dtype)
    {
        Tensor wide = Numbers([1030], 3).To(dtype.Accumulator()), narrow = new([1030], dtype, device.Gpu.Memory);
        KernelKey key = KernelTable.Keys.First(static k => k.Name == "matmul_narrow");
        Run(() => device.Gpu.Launch(key, dtype, Dim3.Over(1030, 1024), 256, 0, [wide.CopyTo(device.Gpu.Memory), narrow, 1030L]));
        Agrees(narrow, Values(wide), dtype, "narrowed");
    }

    // Three parameters at 0, 128 and 320 of an arena of 512; the second has no gradient.
    [Theory, MemberData(nameof(Dtypes))]
    public void A_step_over_an_arena_moves_the_active_parameters_and_writes_their_bf16_copy(DType dtype)
    {
        const double Beta1 = 0.9, Beta2 = 0.99, Epsilon = 1e-6, Factor = 0.5;
        (int First, int Count)[] pieces = [(0, 100), (128, 129), (320, 192)];
        double[][] moves = [[0.999, 0.01, 3, 1], [1, 0.02, 2, 0], [0.998, 0.03, 1.5, 1]];
        Tensor p = Numbers([512], 4).To(dtype), g = Numbers([512], 5).To(dtype), m = Numbers([512], 6).To(dtype),
            v = Squares(Numbers([512], 7)).To(dtype);
        MemorySpace space = device.Gpu.Memory;
        Tensor dp = p.CopyTo(space), dm = m.CopyTo(space), dv = v.CopyTo(space), copy = new([512], DType.BF16, space);
        copy.Clear();
        Tensor tiles = Tensor.From<long>([3, 3], [0, 0, 100, 1, 128, 129, 2, 320, 192]).CopyTo(space);
        Tensor table = Tensor.From<double>([3, 4], [.. moves.SelectMany(static x => x)]).To(dtype.Accumulator()).CopyTo(space);
        Tensor norm = Tensor.From<double>([2], [7.5, Factor]).CopyTo(space);
        Run(() => AdamWCuda.StepAll(device.Gpu, dp, g.CopyTo(space), dm, dv, copy, tiles, table, norm, Beta1, Beta2, Epsilon));

        double[] ep = Values(p), eg = Values(g), em = Values(m), ev = Values(v), ec = new double[512];
        for (int k = 0; k < 3; k++)
        {
            if (moves[k][3] == 0) continue;
            for (int i = pieces[k].First; i < pieces[k].First + pieces[k].Count; i++)
            {
                double gradient = Factor * eg[i];
                em[i] += (1 - Beta1) * (gradient - em[i]);
                ev[i] = (Beta2 * ev[i]) + ((1 - Beta2) * gradient * gradient);
                ep[i] = (ep[i] * moves[k][0]) - (moves[k][1] * em[i] / ((Math.Sqrt(ev[i]) * moves[k][2]) + Epsilon));
                ec[i] = ep[i];
            }
        }
        Agrees(dp, ep, dtype, "param");
        Agrees(dm, em, dtype, "exp_avg");
        Agrees(dv, ev, dtype, "exp_avg_sq");
        Agrees(copy, ec, DType.BF16, "copy");
    }

    [Theory, MemberData(nameof(Dtypes))]
    public void The_norm_of_the_gradients_leaves_idle_parameters_out(DType dtype)
    {
        const double Most = 2;
        Tensor g = Numbers([512], 8).To(dtype);
        MemorySpace space = device.Gpu.Memory;
        Tensor tiles = Tensor.From<long>([3, 3], [0, 0, 100, 1, 128, 129, 2, 320, 192]).CopyTo(space),
            active = Tensor.From<long>([3], [1, 0, 1]).CopyTo(space);
        Tensor parts = new([3], DType.F64, space), norm = new([2], DType.F64, space);
        Run(() => GradientNormCuda.Measure(device.Gpu, g.CopyTo(space), tiles, active, Most, parts, norm));
        double[] values = Values(g);
        double root = Math.Sqrt(values.Take(100).Concat(values.Skip(320)).Sum(static x => x * x));
        Agrees(norm, [root, Most / (root + 1e-6)], DType.F64, "norm");
    }

    private void Run(Action launches) => device.Run(() =>
    {
        launches();
        device.Gpu.Synchronize();
        return true;
    });

    private static Tensor Numbers(Shape shape, int seed) => InputValues.Make(shape, "float", null, seed);

    private static Tensor Squares(Tensor x) => Tensor.From<double>(x.Shape, [.. Values(x).Select(static v => v * v)]);

    private static double[] Values(Tensor tensor) => tensor.OnHost().To(DType.F64).ToArray<double>();

    private static void Agrees(Tensor found, double[] expected, DType dtype, string what) =>
        Close.Assert(found.OnHost().To(DType.F64), Tensor.From<double>(found.Shape, expected), dtype == DType.F64 ? 1e-12
            : dtype == DType.F32 ? 1e-6 : 5e-3, 0, what);
}

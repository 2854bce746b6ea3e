using CsCheck;
using Engine.Kernels;
using Engine.Kernels.Operators;
using Xunit;

namespace Engine.Tests.Cpu;

public sealed unsafe class AdamWKernelTests
{
    [Fact]
    public void Three_steps_follow_the_published_algorithm()
    {
        // Decay first, then moments, then the corrected step, worked out one operation at a time.
        double[] gradients = [0.3, -0.7, 0.05];
        double p = 0.5, m = 0, v = 0, q = 0.5, mq = 0, vq = 0;
        float ps = 0.5f, ms = 0, vs = 0;
        using var cpu = new CpuDevice(1);
        for (int t = 1; t <= 3; t++)
        {
            double g = gradients[t - 1];
            p -= 0.1 * 0.2 * p;
            m = 0.9 * m + 0.1 * g;
            v = 0.99 * v + 0.01 * g * g;
            double corrected = m / (1 - Math.Pow(0.9, t)), root = Math.Sqrt(v / (1 - Math.Pow(0.99, t)));
            p -= 0.1 * corrected / (root + 1e-3);

            double twice = 2 * g;
            float single = 2 * (float)g;
            var step = new AdamWStep(0.1, t, 0.9, 0.99, 1e-3, 0.2, GradientScale: 0.5);
            AdamWKernel.Step(cpu, &q, &twice, &mq, &vq, 1, in step);
            AdamWKernel.Step(cpu, &ps, &single, &ms, &vs, 1, in step);
            Assert.Equal(p, q, 1e-14);
            Assert.Equal(m, mq, 1e-15);
            Assert.Equal(v, vq, 1e-15);
            Assert.Equal(p, ps, 3e-7);
            Assert.Equal(m, ms, 1e-7);
            Assert.Equal(v, vs, 1e-8);
        }
    }

    [Fact]
    public void Single_precision_follows_double_precision_and_threads_and_places_change_no_bit() =>
        Gen.Select(Gen.Int[1, 70_000], Gen.Int[1, 1000], Gen.Double[0, 0.1]).Sample((n, t, decay) =>
        {
            using var one = new CpuDevice(1);
            using var two = new CpuDevice(2);
            var step = new AdamWStep(1e-3, t, WeightDecay: decay);
            var random = new Random(n);
            float[] p = Values(random, n, -1), g = Values(random, n, -1), m = Values(random, n, -1), v = Values(random, n, 0);
            float[] p1 = [.. p], m1 = [.. m], v1 = [.. v], p2 = [.. p], m2 = [.. m], v2 = [.. v];
            double[] pd = [.. p], gd = [.. g], md = [.. m], vd = [.. v];
            fixed (float* a = p1, b = m1, c = v1, d = p2, e = m2, f = v2, h = g)
            fixed (double* w = pd, x = gd, y = md, z = vd)
            {
                AdamWKernel.Step(two, a, h, b, c, n, in step);
                AdamWKernel.Step(two, w, x, y, z, n, in step);
                // In two pieces, cut at any place.
                long cut = n / 3;
                AdamWKernel.Step(one, d, h, e, f, cut, in step);
                AdamWKernel.Step(one, d + cut, h + cut, e + cut, f + cut, n - cut, in step);
            }
            Assert.Equal(p1, p2);
            Assert.Equal(m1, m2);
            Assert.Equal(v1, v2);
            for (int i = 0; i < n; i++)
            {
                // Where the moment is a small difference, its rounding is a larger part of the change.
                double cancelled = (Math.Abs(m[i]) + Math.Abs(g[i])) / Math.Max(Math.Abs(md[i]), 1e-30);
                double size = Math.Abs(p[i]) + (Math.Abs(pd[i] - p[i]) * cancelled);
                Assert.True(Math.Abs(p1[i] - pd[i]) <= 4e-7 * size, $"p[{i}]: {pd[i]}, found {p1[i]}");
                Assert.True(Math.Abs(m1[i] - md[i]) <= 2e-7 * (Math.Abs(m[i]) + Math.Abs(g[i])), $"m[{i}]: {md[i]}, found {m1[i]}");
                Assert.True(Math.Abs(v1[i] - vd[i]) <= 2e-7 * vd[i], $"v[{i}]: {vd[i]}, found {v1[i]}");
            }
        }, iter: 30, threads: 1);

    [Fact]
    public void Both_vector_widths_give_the_same_bits()
    {
        const int N = 77;
        var random = new Random(3);
        float[] p = Values(random, N, -1), g = Values(random, N, -1), m = Values(random, N, -1), v = Values(random, N, 0);
        float[] p2 = [.. p], m2 = [.. m], v2 = [.. v];
        var step = new AdamWStep(1e-2, 5);
        fixed (float* a = p, b = g, c = m, d = v, e = p2, f = m2, h = v2)
        {
            AdamWKernel.Range<Lanes256>(new AdamWKernel.Work<float>(a, b, c, d, in step), 0, N);
            AdamWKernel.Range<Lanes512>(new AdamWKernel.Work<float>(e, b, f, h, in step), 0, N);
        }
        Assert.Equal(p, p2);
        Assert.Equal(m, m2);
        Assert.Equal(v, v2);
        Assert.All(p, x => Assert.True(float.IsFinite(x)));
    }

    [Fact]
    public void Step_zero_is_refused()
    {
        using var cpu = new CpuDevice(1);
        Assert.Throws<ArgumentOutOfRangeException>(() => AdamWKernel.Step(cpu, (float*)null, null, null, null, 1, new AdamWStep(1e-3, 0)));
    }

    private static float[] Values(Random random, int n, float low) =>
        [.. Enumerable.Range(0, n).Select(_ => low + (1 - low) * random.NextSingle())];
}

using Engine.Tensors;

namespace Engine.Tests;

/// <summary>The distance that the contract speaks of: ‖found − expected‖ ≤ rtol · ‖expected‖ + floor. NaN never passes.</summary>
internal static class Close
{
    public static void Assert(Tensor found, Tensor expected, double rtol, double floor, string because)
    {
        Xunit.Assert.Equal(expected.Shape, found.Shape);
        double[] f = Doubles(found), e = Doubles(expected);
        double distance = 0, size = 0;
        for (int i = 0; i < e.Length; i++)
        {
            if (f[i].Equals(e[i]))
            {
                // Equal infinities, and NaN where the oracle has one, are no distance.
                size += double.IsFinite(e[i]) ? e[i] * e[i] : 0;
                continue;
            }

            distance += (f[i] - e[i]) * (f[i] - e[i]);
            size += e[i] * e[i];
        }

        bool close = Math.Sqrt(distance) <= (rtol * Math.Sqrt(size)) + floor;
        Xunit.Assert.True(close, $"{because}: off by {Math.Sqrt(distance):g3} of {Math.Sqrt(size):g3}, allowed {rtol:g3}");
    }

    public static double[] Doubles(Tensor tensor)
        => tensor.DType == DType.F64 ? tensor.ToArray<double>() : [.. tensor.ToArray<float>().Select(v => (double)v)];
}

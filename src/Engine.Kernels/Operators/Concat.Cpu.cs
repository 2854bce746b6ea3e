using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>Joining along one axis on cpu: block copies, one input after another.</summary>
public static class ConcatCpu
{
    /// <summary>Writes one input to its place.</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="x">y's sizes but for the axis</param>
    /// <param name="axis">the axis</param>
    /// <param name="start">its first index in y</param>
    /// <param name="y">the joined tensor</param>
    public static void Forward(CpuDevice cpu, Tensor x, int axis, long start, Tensor y) => Blocks.Copy(cpu, y, axis, start, x, intoLarge: true, clearRest: false);

    /// <summary>Reads one input's gradient from its place.</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="dy">gradient of the joined tensor</param>
    /// <param name="axis">the axis</param>
    /// <param name="start">the input's first index</param>
    /// <param name="dx">sizes of the input</param>
    public static void Backward(CpuDevice cpu, Tensor dy, int axis, long start, Tensor dx) => Blocks.Copy(cpu, dy, axis, start, dx, intoLarge: false, clearRest: false);
}

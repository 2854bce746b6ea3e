using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>A part of one axis on cpu: block copies.</summary>
public static class SliceCpu
{
    /// <summary>y = x[…, start : start + y's size, …].</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="x">any</param>
    /// <param name="axis">the axis</param>
    /// <param name="start">first index taken</param>
    /// <param name="y">x's sizes but for the axis</param>
    public static void Forward(CpuDevice cpu, Tensor x, int axis, long start, Tensor y) => Blocks.Copy(cpu, x, axis, start, y, intoLarge: false, clearRest: false);

    /// <summary>dx = dy where it was taken from, 0 elsewhere.</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="dy">the part's gradient</param>
    /// <param name="axis">the axis</param>
    /// <param name="start">first index taken</param>
    /// <param name="dx">sizes of x</param>
    public static void Backward(CpuDevice cpu, Tensor dy, int axis, long start, Tensor dx) => Blocks.Copy(cpu, dx, axis, start, dy, intoLarge: true, clearRest: true);
}

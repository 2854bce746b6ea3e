using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>AdamW on a CUDA device: one pass over parameters, gradients and both moments, of one parameter or of all in one launch.</summary>
public static class AdamWCuda
{
    private static readonly KernelKey s_step = new("adamw", "adamw_step");
    private static readonly KernelKey s_arena = new("adamw", "adamw_arena");

    /// <summary>One step of one parameter.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="param">updated</param>
    /// <param name="grad">as param</param>
    /// <param name="expAvg">first moment, updated; zeros before step 1</param>
    /// <param name="expAvgSq">second moment, updated; zeros before step 1</param>
    /// <param name="step">rates and count</param>
    /// <exception cref="ArgumentOutOfRangeException">the count of steps is below 1</exception>
    public static void Step(CudaDevice gpu, Tensor param, Tensor grad, Tensor expAvg, Tensor expAvgSq, in AdamWStep step) =>
        gpu.Launch(
            s_step, param.DType, Dim3.Over(param.Count, 16384), 256, 0,
            [
                param, grad, expAvg, expAvgSq, Arg.Accum(step.GradientScale), Arg.Accum(1 - step.Beta1), Arg.Accum(step.Beta2),
                Arg.Accum(1 - step.Beta2), Arg.Accum(step.Keep), Arg.Accum(step.Rate), Arg.Accum(step.InverseRoot),
                Arg.Accum(step.Epsilon), param.Count,
            ]);

    /// <summary>One step of every parameter of a store.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="param">[n]: the arena of the values, updated</param>
    /// <param name="grad">[n]: the arena of the gradients</param>
    /// <param name="expAvg">[n]: first moments, updated</param>
    /// <param name="expAvgSq">[n]: second moments, updated</param>
    /// <param name="copy">bf16 [n]: receives the new values too; null: none</param>
    /// <param name="tiles">i64 [tiles, 3]: parameter, first element, number of elements</param>
    /// <param name="moves">[parameters, 4] of the parameters' dtype: keep, rate, inverse root, 1 if the parameter moves</param>
    /// <param name="norm">f64 [2]: norm of all gradients, and the factor that clips them; null: no clipping</param>
    /// <param name="beta1">decay of the first moment</param>
    /// <param name="beta2">decay of the second moment</param>
    /// <param name="epsilon">added to the root</param>
    public static void StepAll(
        CudaDevice gpu, Tensor param, Tensor grad, Tensor expAvg, Tensor expAvgSq, Tensor? copy, Tensor tiles, Tensor moves, Tensor? norm,
        double beta1, double beta2, double epsilon) =>
        gpu.Launch(
            s_arena, param.DType, tiles.Shape[0], 256, 0,
            [
                param, grad, expAvg, expAvgSq, copy, tiles, moves, norm, Arg.Accum(1 - beta1), Arg.Accum(beta2), Arg.Accum(1 - beta2),
                Arg.Accum(epsilon), param.Count,
            ]);
}

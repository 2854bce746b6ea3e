using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>Functions applied element by element on a CUDA device.</summary>
public static class ElementwiseCuda
{
    private static readonly KernelKey s_gelu = new("elementwise", "elementwise_gelu_forward");
    private static readonly KernelKey s_relu = new("elementwise", "elementwise_relu_forward");
    private static readonly KernelKey s_tanh = new("elementwise", "elementwise_tanh_forward");
    private static readonly KernelKey s_sigmoid = new("elementwise", "elementwise_sigmoid_forward");
    private static readonly KernelKey s_geluBackward = new("elementwise", "elementwise_gelu_backward");
    private static readonly KernelKey s_reluBackward = new("elementwise", "elementwise_relu_backward");
    private static readonly KernelKey s_tanhBackward = new("elementwise", "elementwise_tanh_backward");
    private static readonly KernelKey s_sigmoidBackward = new("elementwise", "elementwise_sigmoid_backward");

    /// <summary>y = f(x).</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="function">f</param>
    /// <param name="x">any shape</param>
    /// <param name="y">as x</param>
    public static void Forward(CudaDevice gpu, ElementwiseFunction function, Tensor x, Tensor y)
    {
        var kernel = function switch
        {
            ElementwiseFunction.Gelu => s_gelu,
            ElementwiseFunction.Relu => s_relu,
            ElementwiseFunction.Tanh => s_tanh,
            _ => s_sigmoid,
        };
        gpu.Launch(kernel, x.DType, Tiles.Grid(x), Tiles.Threads, 0, [x, y, x.Count]);
    }

    /// <summary>dx = dy · f'(x).</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="function">f</param>
    /// <param name="saved">x for gelu, y for the others</param>
    /// <param name="dy">gradient of y</param>
    /// <param name="dx">receives the gradient of x</param>
    public static void Backward(CudaDevice gpu, ElementwiseFunction function, Tensor saved, Tensor dy, Tensor dx)
    {
        var kernel = function switch
        {
            ElementwiseFunction.Gelu => s_geluBackward,
            ElementwiseFunction.Relu => s_reluBackward,
            ElementwiseFunction.Tanh => s_tanhBackward,
            _ => s_sigmoidBackward,
        };
        gpu.Launch(kernel, dy.DType, Tiles.Grid(dy), Tiles.Threads, 0, [saved, dy, dx, dy.Count]);
    }
}

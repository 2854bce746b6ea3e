using System.Runtime.CompilerServices;
using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>Batched matrix product on cuda: as few strided batched products as the leading axes allow.</summary>
public static class MatmulCuda
{
    private static readonly KernelKey s_narrow = new("matmul", "matmul_narrow");

    /// <summary>result = op(left)·op(right) for all combinations of leading axes, summed over those along which the result is broadcast.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="left">[..., m, k], or [..., k, m] where transposed</param>
    /// <param name="transLeft">left is stored transposed</param>
    /// <param name="right">[..., k, n], or [..., n, k] where transposed</param>
    /// <param name="transRight">right is stored transposed</param>
    /// <param name="result">[..., m, n]</param>
    /// <param name="leading">the leading axes of all three after broadcasting</param>
    /// <param name="wide">room for the sum before it is rounded, where <see cref="WantsWide"/> says so: result's shape, f32</param>
    public static void Product(
        CudaDevice gpu, Tensor left, bool transLeft, Tensor right, bool transRight, Tensor result, Shape leading, Tensor? wide)
    {
        var plan = Plan.Of(left, transLeft, right, transRight, result, leading);
        if (result.Count == 0)
        {
            return;
        }

        if (plan.Terms == 0)
        {
            // Broadcast against an empty axis: a sum over nothing.
            result.Clear();
            return;
        }

        plan.Run(gpu, left, right, wide ?? result);
        if (wide is not null)
        {
            Narrow(gpu, wide, result);
        }
    }

    /// <summary>Rounds a sum that ran in f32.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="wide">f32</param>
    /// <param name="result">bf16, as many elements</param>
    public static void Narrow(CudaDevice gpu, Tensor wide, Tensor result) =>
        gpu.Launch(s_narrow, result.DType, Dim3.Over(result.Count, 1024), 256, 0, [wide, result, result.Count]);

    /// <summary>Whether a bf16 result is the sum of several products and so must be summed in f32 first.</summary>
    /// <param name="left">as for <see cref="Product"/></param>
    /// <param name="transLeft">left is stored transposed</param>
    /// <param name="right">as for <see cref="Product"/></param>
    /// <param name="transRight">right is stored transposed</param>
    /// <param name="result">as for <see cref="Product"/></param>
    /// <param name="leading">the leading axes of all three after broadcasting</param>
    /// <returns>true: give Product a tensor of result's shape in f32</returns>
    public static bool WantsWide(Tensor left, bool transLeft, Tensor right, bool transRight, Tensor result, Shape leading) =>
        result.DType == DType.BF16 && Plan.Of(left, transLeft, right, transRight, result, leading).Terms > 1;

    /// <summary>One leading axis, or several that lie as one: its size and the distance of neighbours in each operand.</summary>
    private struct Axis
    {
        public long Size, Left, Right, Result;

        public readonly bool Continues(in Axis outer) =>
            outer.Left == Size * Left && outer.Right == Size * Right && outer.Result == Size * Result;
    }

    [InlineArray(Shape.MaxRank)]
    private struct Axes
    {
        private Axis _first;
    }

    /// <summary>Which matrices meet: axes of the result count products, summed axes count terms.</summary>
    private struct Plan
    {
        public long M, N, K, Terms;
        private bool _transLeft, _transRight;
        private Axes _products, _sums;
        private int _productCount, _sumCount;

        public static Plan Of(Tensor left, bool transLeft, Tensor right, bool transRight, Tensor result, Shape leading)
        {
            var plan = new Plan
            {
                M = result.Shape[-2],
                N = result.Shape[-1],
                K = left.Shape[transLeft ? -2 : -1],
                Terms = 1,
                _transLeft = transLeft,
                _transRight = transRight,
            };
            for (int i = 0; i < leading.Rank; i++)
            {
                plan.Add(new Axis
                {
                    Size = leading[i],
                    Left = Stride(left, i, leading.Rank),
                    Right = Stride(right, i, leading.Rank),
                    Result = Stride(result, i, leading.Rank),
                });
            }

            plan.Fold();
            return plan;
        }

        /// <summary>Queues all products; the largest axis of the result is the batch of each call.</summary>
        public readonly unsafe void Run(CudaDevice gpu, Tensor left, Tensor right, Tensor result)
        {
            int longest = 0;
            long calls = 1;
            for (int i = 0; i < _productCount; i++)
            {
                longest = _products[i].Size > _products[longest].Size ? i : longest;
                calls *= _products[i].Size;
            }

            Axis batch = _productCount == 0 ? new Axis { Size = 1 } : _products[longest];
            calls /= Math.Max(1, batch.Size);
            long input = left.DType.Size(), output = result.DType.Size();
            for (long call = 0; call < calls; call++)
            {
                long a = 0, b = 0, c = 0, rest = call;
                for (int i = _productCount - 1; i >= 0; i--)
                {
                    if (i != longest)
                    {
                        Step(_products[i], ref rest, ref a, ref b, ref c);
                    }
                }

                for (long term = 0; term < Terms; term++)
                {
                    long fromLeft = a, fromRight = b, at = term;
                    for (int i = _sumCount - 1; i >= 0; i--)
                    {
                        Step(_sums[i], ref at, ref fromLeft, ref fromRight, ref c);
                    }

                    gpu.Blas.Product(
                        left.DType, result.DType, _transLeft, _transRight, M, N, K,
                        (nint)left.Pointer + (nint)(fromLeft * input), _transLeft ? M : K, batch.Left,
                        (nint)right.Pointer + (nint)(fromRight * input), _transRight ? K : N, batch.Right,
                        (nint)result.Pointer + (nint)(c * output), N, batch.Result, batch.Size, term == 0 ? 0 : 1);
                }
            }
        }

        private static void Step(in Axis axis, ref long rest, ref long left, ref long right, ref long result)
        {
            long at = rest % axis.Size;
            rest /= axis.Size;
            left += at * axis.Left;
            right += at * axis.Right;
            result += at * axis.Result;
        }

        private static long Stride(Tensor tensor, int axis, int leadingRank)
        {
            int own = axis - (leadingRank - (tensor.Shape.Rank - 2));
            return own < 0 || tensor.Shape[own] == 1 ? 0 : tensor.Shape.Fold(own + 1, tensor.Shape.Rank);
        }

        private void Add(Axis axis)
        {
            if (axis.Size == 1)
            {
                return;
            }

            if (axis.Result != 0)
            {
                Append(ref _products, ref _productCount, axis);
            }
            else
            {
                Terms *= axis.Size;
                Append(ref _sums, ref _sumCount, axis);
            }
        }

        private static void Append(ref Axes axes, ref int count, Axis axis)
        {
            if (count > 0 && axis.Continues(axes[count - 1]))
            {
                axis.Size *= axes[--count].Size;
            }

            axes[count++] = axis;
        }

        /// <summary>A batch against one matrix is one tall product; a sum over a batch that both operands have whole is one long sum.</summary>
        private void Fold()
        {
            if (_productCount > 0 && !_transLeft && _products[_productCount - 1] is var rows
                && rows.Right == 0 && rows.Left == M * K && rows.Result == M * N && K > 0)
            {
                M *= rows.Size;
                _productCount--;
            }

            if (_sumCount > 0 && _transLeft && !_transRight && _sums[_sumCount - 1] is var terms
                && terms.Left == M * K && terms.Right == N * K)
            {
                K *= terms.Size;
                Terms /= Math.Max(1, terms.Size);
                _sumCount--;
            }
        }
    }
}

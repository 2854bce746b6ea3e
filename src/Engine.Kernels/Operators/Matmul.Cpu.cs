using System.Numerics;
using System.Runtime.CompilerServices;
using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>Batched matrix product on cpu. Forward and both gradients are one routine: a sum of products over the axes that the result lacks.</summary>
public static unsafe class MatmulCpu
{
    /// <summary>result = op(left)·op(right) for every combination of leading axes, summed over those along which the result is broadcast.</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="left">[..., m, k], or [..., k, m] where transposed</param>
    /// <param name="transLeft">left is stored transposed</param>
    /// <param name="right">[..., k, n], or [..., n, k] where transposed</param>
    /// <param name="transRight">right is stored transposed</param>
    /// <param name="result">[..., m, n]</param>
    /// <param name="leading">the leading axes of all three after broadcasting</param>
    public static void Product(CpuDevice cpu, Tensor left, bool transLeft, Tensor right, bool transRight, Tensor result, Shape leading)
    {
        if (result.DType == DType.F64)
        {
            Product<double>(cpu, left, transLeft, right, transRight, result, leading);
        }
        else
        {
            Product<float>(cpu, left, transLeft, right, transRight, result, leading);
        }
    }

    private static void Product<T>(CpuDevice cpu, Tensor left, bool transLeft, Tensor right, bool transRight, Tensor result, Shape leading)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var plan = new Plan<T>
        {
            Left = left.Data<T>(),
            Right = right.Data<T>(),
            Result = result.Data<T>(),
            TransLeft = transLeft,
            TransRight = transRight,
            M = result.Shape[-2],
            N = result.Shape[-1],
            K = left.Shape[transLeft ? -2 : -1],
            Terms = 1,
            Products = 1,
        };
        for (int i = 0; i < leading.Rank; i++)
        {
            plan.Add(leading[i], Stride(left, i, leading.Rank), Stride(right, i, leading.Rank), Stride(result, i, leading.Rank));
        }

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

        if (plan.FoldRows(left, right, result))
        {
            plan.Multiply(cpu, 0);
            return;
        }

        // Many or small products: one a thread. Few large ones: all threads on each. An element has the same bits either way.
        if (plan.Products >= 4 * cpu.Threads || plan.M * plan.N * Math.Max(plan.K, 1) < 1 << 20)
        {
            cpu.For(plan.Products, 1, plan, static (in p, begin, end) => p.Multiply(null, begin));
            return;
        }

        for (long product = 0; product < plan.Products; product++)
        {
            plan.Multiply(cpu, product);
        }
    }

    private static long Stride(Tensor tensor, int axis, int leadingRank)
    {
        int own = axis - (leadingRank - (tensor.Shape.Rank - 2));
        return own < 0 || tensor.Shape[own] == 1 ? 0 : tensor.Shape.Fold(own + 1, tensor.Shape.Rank);
    }

    [InlineArray(Shape.MaxRank)]
    private struct Longs
    {
        private long _first;
    }

    /// <summary>Which matrices meet: result axes count products, summed axes count terms.</summary>
    private struct Plan<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public T* Left, Right, Result;
        public bool TransLeft, TransRight;
        public long M, N, K, Terms, Products;
        private int _productAxes, _termAxes;
        private Longs _productSize, _productLeft, _productRight, _productResult, _termSize, _termLeft, _termRight;

        public void Add(long size, long left, long right, long result)
        {
            if (size == 1)
            {
                return;
            }

            if (result != 0)
            {
                (_productSize[_productAxes], _productLeft[_productAxes]) = (size, left);
                (_productRight[_productAxes], _productResult[_productAxes]) = (right, result);
                _productAxes++;
                Products *= size;
            }
            else
            {
                (_termSize[_termAxes], _termLeft[_termAxes], _termRight[_termAxes]) = (size, left, right);
                _termAxes++;
                Terms *= size;
            }
        }

        /// <summary>A batch against one matrix is one tall product; so is a sum over a batch that both operands have in full.</summary>
        public bool FoldRows(Tensor left, Tensor right, Tensor result)
        {
            if (Terms == 1 && !TransLeft && right.Shape.Fold(0, right.Shape.Rank - 2) == 1 && left.Count == Products * M * K)
            {
                M *= Products;
            }
            else if (Products == 1 && TransLeft && !TransRight && left.Count == Terms * M * K && right.Count == Terms * N * K
                && result.Count == M * N)
            {
                K *= Terms;
            }
            else
            {
                return false;
            }

            (Products, Terms, _productAxes, _termAxes) = (1, 1, 0, 0);
            return true;
        }

        public readonly void Multiply(CpuDevice? cpu, long product)
        {
            T* left = Left, right = Right, result = Result;
            for (int i = _productAxes - 1; i >= 0; i--)
            {
                long at = product % _productSize[i];
                product /= _productSize[i];
                left += at * _productLeft[i];
                right += at * _productRight[i];
                result += at * _productResult[i];
            }

            for (long term = 0; term < Terms; term++)
            {
                T* a = left, b = right;
                long rest = term;
                for (int i = _termAxes - 1; i >= 0; i--)
                {
                    long at = rest % _termSize[i];
                    rest /= _termSize[i];
                    a += at * _termLeft[i];
                    b += at * _termRight[i];
                }

                Gemm.RunOn(
                    Gemm.VectorBits, cpu, TransLeft, TransRight, M, N, K, a, TransLeft ? M : K, b, TransRight ? K : N, result, N, term > 0, default);
            }
        }
    }
}

using Engine.Tensors;

namespace Engine.Autograd.Operators;

/// <summary>Checks of operators' inputs; each message names operator, input, expected and found.</summary>
internal static class Check
{
    /// <summary>The dtype must be f32 or f64, or bf16 on a CUDA device.</summary>
    public static void Floating(string op, string name, Variable x)
    {
        if (x.DType == DType.BF16 && x.Value.Space is null)
        {
            throw new DwarfException(ErrorKind.Unavailable, $"{op}: bf16 is not available on cpu; use f32 or f64");
        }

        if (!x.DType.IsFloating())
        {
            throw new DTypeException($"{op}: {name} must be f32 or f64, found {x.DType.Label()}");
        }
    }

    /// <summary>Both must have the same floating dtype.</summary>
    public static void SameDType(string op, string name, Variable x, string otherName, Variable other)
    {
        Floating(op, name, x);
        if (x.DType != other.DType)
        {
            throw new DTypeException($"{op}: {name} must be {other.DType.Label()} like {otherName}, found {x.DType.Label()}");
        }
    }

    public static void HasDType(string op, string name, Variable x, DType expected)
    {
        if (x.DType != expected)
        {
            throw new DTypeException($"{op}: {name} must be {expected.Label()}, found {x.DType.Label()}");
        }
    }

    /// <summary>An input whose gradient no backward computes must not want one: no gradient is cut in silence.</summary>
    public static void NoGradient(string op, string name, Variable x)
    {
        if (x.RequiresGrad)
        {
            throw new DwarfException(ErrorKind.Internal, $"{op}: {name} has no gradient, but it wants one; give it as a constant");
        }
    }

    public static void Shape(string op, string name, Variable x, Shape expected, string because)
    {
        if (x.Shape != expected)
        {
            throw new ShapeException($"{op}: {name} must be {expected} ({because}), found {x.Shape}");
        }
    }

    /// <summary>The same, with the shape of the input that decides: text is made only where the check fails.</summary>
    public static void Shape(string op, string name, Variable x, Shape expected, string because, Variable of)
    {
        if (x.Shape != expected)
        {
            Shape(op, name, x, expected, $"{because} {of.Shape}");
        }
    }

    public static void Rank(string op, string name, Variable x, int rank, string form)
    {
        if (x.Shape.Rank != rank)
        {
            throw new ShapeException($"{op}: {name} must be {form}, found {x.Shape}");
        }
    }

    /// <summary>The size of the last axis of a tensor with at least one axis.</summary>
    public static long LastAxis(string op, string name, Variable x) => x.Shape.Rank > 0
        ? x.Shape[-1]
        : throw new ShapeException($"{op}: {name} must have at least one axis, found {x.Shape}");

    /// <summary>An axis index as Python's, made non-negative.</summary>
    public static int Axis(string op, string name, long axis, int rank) => axis >= -rank && axis < rank
        ? (int)(axis < 0 ? axis + rank : axis)
        : throw new ShapeException($"{op}: {name} must be from {-rank} to {rank - 1}, found {axis}");

    public static void Range(string op, string name, bool inside, string expected, double found)
    {
        if (!inside)
        {
            throw new DwarfException(ErrorKind.Content, FormattableString.Invariant($"{op}: {name} must be {expected}, found {found}"));
        }
    }
}

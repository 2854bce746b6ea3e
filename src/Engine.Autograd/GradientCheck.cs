using Engine.Kernels;
using Engine.Tensors;

namespace Engine.Autograd;

/// <summary>How <see cref="GradientCheck"/> compares.</summary>
public sealed record GradientCheckOptions
{
    /// <summary>Step relative to the element: h = Step · max(|x|, <see cref="Scale"/>); by default the cube root of f64's precision.</summary>
    public double Step { get; init; } = 6e-6;

    /// <summary>The magnitude below which the step does not shrink with the element any more.</summary>
    public double Scale { get; init; } = 1;

    /// <summary>At most this many elements of each tensor are compared, spread by the seed; 0 = all.</summary>
    public int Samples { get; init; } = 64;

    /// <summary>Seeds the cotangents and the choice of elements.</summary>
    public ulong Seed { get; init; } = 1;
}

/// <summary>The gradient of one tensor by backward and by central differences, at the compared elements.</summary>
/// <param name="Name">leaf index ("leaf 0") or parameter name</param>
/// <param name="Backward">what backward gave</param>
/// <param name="Differences">(f(x + h) - f(x - h)) / 2h</param>
/// <param name="Noise">the part of the distance that the rounding error of f alone explains, as a norm</param>
public sealed record GradientComparison(string Name, double[] Backward, double[] Differences, double Noise)
{
    /// <summary>‖backward − differences‖ beyond the noise, relative to ‖differences‖; infinite where anything is not finite.</summary>
    public double RelativeError
    {
        get
        {
            double distance = 0, size = 0;
            for (int i = 0; i < Backward.Length; i++)
            {
                double d = Backward[i] - Differences[i];
                distance += d * d;
                size += Differences[i] * Differences[i];
            }

            if (!double.IsFinite(distance) || !double.IsFinite(size) || !double.IsFinite(Noise))
            {
                return double.PositiveInfinity;
            }

            double excess = Math.Max(0, Math.Sqrt(distance) - Noise);
            return excess == 0 ? 0 : excess / Math.Sqrt(size);
        }
    }
}

/// <summary>Compares backward with central differences in f64, for one operator or a whole model.</summary>
/// <remarks>
/// The function is f = Σ over outputs of cotangent · output with fixed random cotangents (1 for a scalar). Each compared element is moved
/// by ±h in place and put back. Kinks (relu at 0, ties of a maximum) are the caller's to keep at a distance of more than h.
/// </remarks>
public static unsafe class GradientCheck
{
    private const double Rounding = 2.3e-16;

    /// <summary>Compares the gradients of leaves and parameters.</summary>
    /// <param name="device">runs it</param>
    /// <param name="forward">builds the outputs on the tape from the leaves; must be a function of leaves and parameters alone</param>
    /// <param name="leaves">f64 inputs whose gradients are compared; changed and put back</param>
    /// <param name="parameters">trained f64 parameters that forward reads; null: none</param>
    /// <param name="options">null: the defaults</param>
    /// <returns>one comparison a leaf, then one a parameter</returns>
    /// <exception cref="DTypeException">a leaf or parameter is not f64</exception>
    public static IReadOnlyList<GradientComparison> Run(
        Device device,
        Func<Tape, IReadOnlyList<Variable>, IReadOnlyList<Variable>> forward,
        IReadOnlyList<Tensor> leaves,
        IReadOnlyList<Parameter>? parameters = null,
        GradientCheckOptions? options = null)
    {
        options ??= new GradientCheckOptions();
        parameters ??= [];
        using var tape = new Tape(device);
        var names = new List<string>();
        var values = new List<Tensor>();
        foreach (var leaf in leaves)
        {
            names.Add($"leaf {values.Count}");
            values.Add(leaf);
        }

        foreach (var parameter in parameters)
        {
            names.Add(parameter.Name);
            values.Add(parameter.Value);
        }

        foreach (var value in values)
        {
            if (value.DType != DType.F64)
            {
                throw new DTypeException($"gradient check: {names[values.IndexOf(value)]} must be f64, found {value.DType.Label()}");
            }
        }

        var gradients = Backward(tape, forward, leaves, parameters, options, out double magnitude);
        var result = new List<GradientComparison>();
        for (int i = 0; i < values.Count; i++)
        {
            result.Add(Compare(tape, forward, leaves, values[i], names[i], gradients[i], magnitude, options));
        }

        return result;
    }

    private static List<double[]> Backward(
        Tape tape,
        Func<Tape, IReadOnlyList<Variable>, IReadOnlyList<Variable>> forward,
        IReadOnlyList<Tensor> leaves,
        IReadOnlyList<Parameter> parameters,
        GradientCheckOptions options,
        out double magnitude)
    {
        tape.Reset();
        tape.Recording = true;
        var variables = leaves.Select(tape.Leaf).ToList();
        var outputs = forward(tape, variables).ToArray();
        magnitude = Sum(outputs, options.Seed, absolute: true);
        tape.Backward(outputs, [.. outputs.Select((o, i) => tape.OnDevice(Cotangent(o.Shape, options.Seed, i)))]);
        var gradients = new List<double[]>();
        foreach (var variable in variables.Concat(parameters))
        {
            gradients.Add(variable.Grad is { } grad ? grad.OnHost().ToArray<double>() : new double[variable.Value.Count]);
        }

        tape.Reset();
        return gradients;
    }

    private static GradientComparison Compare(
        Tape tape,
        Func<Tape, IReadOnlyList<Variable>, IReadOnlyList<Variable>> forward,
        IReadOnlyList<Tensor> leaves,
        Tensor value,
        string name,
        double[] gradient,
        double magnitude,
        GradientCheckOptions options)
    {
        long[] chosen = Choose(value.Count, options);
        var (backward, differences) = (new double[chosen.Length], new double[chosen.Length]);
        var host = value.OnHost();
        double* x = host.Data<double>();
        double noise = 0;
        tape.Recording = false;
        for (int k = 0; k < chosen.Length; k++)
        {
            double old = x[chosen[k]];
            double h = options.Step * Math.Max(Math.Abs(old), options.Scale);
            x[chosen[k]] = old + h;
            double up = x[chosen[k]];
            PutBack(value, host);
            double above = Evaluate(tape, forward, leaves, options.Seed);
            x[chosen[k]] = old - h;
            double down = x[chosen[k]];
            PutBack(value, host);
            double below = Evaluate(tape, forward, leaves, options.Seed);
            x[chosen[k]] = old;
            PutBack(value, host);
            backward[k] = gradient[chosen[k]];
            differences[k] = (above - below) / (up - down);
            double error = 4 * Rounding * magnitude / h;
            noise += error * error;
        }

        tape.Recording = true;
        return new GradientComparison(name, backward, differences, Math.Sqrt(noise));
    }

    /// <summary>A parameter on a device is moved through its copy on the host.</summary>
    private static void PutBack(Tensor value, Tensor host)
    {
        if (!ReferenceEquals(value, host))
        {
            value.CopyFrom(host);
        }
    }

    private static double Evaluate(
        Tape tape, Func<Tape, IReadOnlyList<Variable>, IReadOnlyList<Variable>> forward, IReadOnlyList<Tensor> leaves, ulong seed)
    {
        tape.Reset();
        return Sum(forward(tape, [.. leaves.Select(tape.Constant)]), seed, absolute: false);
    }

    private static double Sum(IReadOnlyList<Variable> outputs, ulong seed, bool absolute)
    {
        double sum = 0;
        for (int o = 0; o < outputs.Count; o++)
        {
            var cotangent = Cotangent(outputs[o].Shape, seed, o);
            var value = outputs[o].Value.OnHost();
            double* y = value.Data<double>(), c = cotangent.Data<double>();
            for (long i = 0; i < cotangent.Count; i++)
            {
                double term = y[i] * c[i];
                sum += absolute ? Math.Abs(term) : term;
            }
        }

        return sum;
    }

    private static Tensor Cotangent(Shape shape, ulong seed, int output)
    {
        var tensor = new Tensor(shape, DType.F64);
        double* c = tensor.Data<double>();
        for (long i = 0; i < tensor.Count; i++)
        {
            // Uniform in [-1, 1): a different weight for each element, so that errors cannot cancel.
            c[i] = shape.Rank == 0 ? 1 : ((Mix(seed + ((ulong)output << 40) + (ulong)i) >> 11) * (2.0 / (1L << 53))) - 1;
        }

        return tensor;
    }

    private static long[] Choose(long count, GradientCheckOptions options)
    {
        if (options.Samples == 0 || count <= options.Samples)
        {
            return [.. Enumerable.Range(0, checked((int)count)).Select(i => (long)i)];
        }

        // One element of each of equally long pieces: ends and middle are always covered.
        var chosen = new long[options.Samples];
        for (int k = 0; k < chosen.Length; k++)
        {
            long begin = count * k / options.Samples, end = count * (k + 1) / options.Samples;
            chosen[k] = begin + (long)(Mix(options.Seed + (ulong)k) % (ulong)(end - begin));
        }

        return chosen;
    }

    /// <summary>SplitMix64's output function (Steele, Lea, Flood 2014): a well-mixed number for each counter.</summary>
    private static ulong Mix(ulong counter)
    {
        ulong z = (counter + 1) * 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}

using Dwarf.Model;

namespace Dwarf.Training.Data;

/// <summary>
/// The stream of random numbers that one phantom is drawn from, one after the other; a place far down needs no walk there
/// (<see cref="CounterRandom"/>).
/// </summary>
internal sealed class PhantomRandom(ulong key)
{
    private long _count;

    /// <summary>The next number, 0 to below 1.</summary>
    public double Next() => CounterRandom.Uniform(key, _count++);

    /// <summary>The next number, from low to below high.</summary>
    public double Next(double low, double high) => low + ((high - low) * Next());

    /// <summary>Whether the next draw falls below the chance.</summary>
    public bool Chance(double chance) => Next() < chance;

    /// <summary>A point in the unit disc, uniform by area; the middle is left out, so that it can be made a direction.</summary>
    public (double X, double Y) InDisc()
    {
        while (true)
        {
            double x = Next(-1, 1);
            double y = Next(-1, 1);
            double square = (x * x) + (y * y);
            if (square is <= 1 and > 1e-4)
            {
                return (x, y);
            }
        }
    }

    /// <summary>A direction: cosine and sine of a uniform angle, by a root alone, since libraries differ in their sines.</summary>
    public (double Cos, double Sin) Direction()
    {
        var (x, y) = InDisc();
        double length = Math.Sqrt((x * x) + (y * y));
        return (x / length, y / length);
    }

    /// <summary>Smooth noise 0..1: random values on a lattice of n cells across the image, blended between.</summary>
    public static double Lattice(ulong key, double x, double y, int cells)
    {
        double column = Math.Floor(x * cells);
        double row = Math.Floor(y * cells);
        double s = PhantomCanvas.Smooth((x * cells) - column);
        double t = PhantomCanvas.Smooth((y * cells) - row);
        double Value(int right, int down) => CounterRandom.Uniform(key, (((long)row + down) * 4096) + (long)column + right);
        double upper = (Value(0, 0) * (1 - s)) + (Value(1, 0) * s);
        double lower = (Value(0, 1) * (1 - s)) + (Value(1, 1) * s);
        return (upper * (1 - t)) + (lower * t);
    }
}

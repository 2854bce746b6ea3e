using Dwarf.Model;
using Dwarf.Training.Imaging;

namespace Dwarf.Training.Data;

/// <summary>The brightness that a phantom is painted on. Places and lengths are shares of the image's side, so a phantom looks alike at any size.</summary>
internal sealed class PhantomCanvas
{
    private readonly int _size;
    private readonly double[] _values;

    public PhantomCanvas(int size)
    {
        _size = size;
        _values = new double[size * size];
    }

    /// <summary>0 below 0, 1 above 1, and a smooth cubic between.</summary>
    public static double Smooth(double x)
    {
        double t = Math.Clamp(x, 0, 1);
        return t * t * (3 - (2 * t));
    }

    /// <summary>How much a shape covers a place: 1 inside (distance below 1 - width), 0 outside (above 1 + width).</summary>
    /// <param name="distance">from the middle, the rim being 1</param>
    /// <param name="width">half the width of the soft rim</param>
    public static double Cover(double distance, double width) => Smooth((1 + width - distance) / (2 * width));

    /// <summary>Distance from the middle of an ellipse along whose rim it is 1.</summary>
    public static double Ellipse(double x, double y, (double X, double Y, double A, double B) ellipse)
    {
        double p = (x - ellipse.X) / ellipse.A;
        double q = (y - ellipse.Y) / ellipse.B;
        return Math.Sqrt((p * p) + (q * q));
    }

    /// <summary>Repaints every pixel: from place and present brightness to the new brightness.</summary>
    public void Paint(Func<double, double, double, double> brightness)
    {
        for (int row = 0; row < _size; row++)
        {
            double y = (row + 0.5) / _size;
            for (int column = 0; column < _size; column++)
            {
                ref double value = ref _values[(row * _size) + column];
                value = brightness((column + 0.5) / _size, y, value);
            }
        }
    }

    /// <summary>Adds noise that is new in each pixel: near normal (a sum of four uniform numbers), of the given standard deviation.</summary>
    public void AddNoise(ulong key, double deviation)
    {
        double scale = deviation * 1.7320508075688772; // The sum of four has variance 1/3.
        for (int i = 0; i < _values.Length; i++)
        {
            long place = 4L * i;
            double sum = CounterRandom.Uniform(key, place) + CounterRandom.Uniform(key, place + 1)
                + CounterRandom.Uniform(key, place + 2) + CounterRandom.Uniform(key, place + 3);
            _values[i] += scale * (sum - 2);
        }
    }

    /// <summary>The picture in 256 steps, as a PNG keeps it: what is drawn in memory and what is read back from a file are the same.</summary>
    public GrayImage ToImage()
    {
        var samples = new byte[_values.Length];
        for (int i = 0; i < samples.Length; i++)
        {
            samples[i] = (byte)Math.Floor((Math.Clamp(_values[i], 0, 1) * 255) + 0.5);
        }

        return GrayImage.FromBytes(_size, _size, samples);
    }
}

namespace Dwarf.Training.Data;

/// <summary>
/// One finding in a phantom: an ellipse in any direction whose rim is bent by a three-fold wave. What is painted and the outline come from the same
/// formula, so the truth is known.
/// </summary>
/// <param name="X">middle</param>
/// <param name="Y">middle</param>
/// <param name="Long">half axis along the direction</param>
/// <param name="Short">half axis across it</param>
/// <param name="Direction">of the long axis</param>
/// <param name="Wave">height of the wave, as a share of the radius</param>
/// <param name="Phase">of the wave</param>
/// <param name="Strength">how clearly it shows, about 1</param>
internal sealed record PhantomLesion(
    double X, double Y, double Long, double Short, (double Cos, double Sin) Direction, double Wave, (double Cos, double Sin) Phase, double Strength)
{
    private const int Corners = 24;

    // Cosine and sine of a turn by one corner, 15 degrees.
    private const double StepCos = 0.9659258262890683;
    private const double StepSin = 0.25881904510252074;

    /// <summary>Draws the shape, the size and the direction of a finding at a place.</summary>
    public static PhantomLesion Draw(PhantomRandom random, double x, double y)
    {
        double radius = random.Next(0.10, 0.135);
        double stretch = Math.Sqrt(random.Next(1, 1.6));
        var direction = random.Direction();
        double wave = random.Next(0, 0.12);
        var phase = random.Direction();
        return new PhantomLesion(x, y, radius * stretch, radius / stretch, direction, wave, phase, random.Next(0.8, 1.2));
    }

    /// <summary>Distance of a place from the middle, the rim being 1.</summary>
    public double Distance(double x, double y)
    {
        double p = (((x - X) * Direction.Cos) + ((y - Y) * Direction.Sin)) / Long;
        double q = (((y - Y) * Direction.Cos) - ((x - X) * Direction.Sin)) / Short;
        double length = Math.Sqrt((p * p) + (q * q)) + 1e-9;
        return length / Rim(p / length, q / length);
    }

    /// <summary>The outline in whole numbers of a frame, as annotation files hold it.</summary>
    public Outline Outline(string finding, int frame)
    {
        var x = new double[Corners];
        var y = new double[Corners];
        double cos = 1;
        double sin = 0;
        for (int i = 0; i < Corners; i++)
        {
            double rim = Rim(cos, sin);
            double p = Long * rim * cos;
            double q = Short * rim * sin;
            x[i] = InFrame(X + (p * Direction.Cos) - (q * Direction.Sin), frame);
            y[i] = InFrame(Y + (p * Direction.Sin) + (q * Direction.Cos), frame);
            (cos, sin) = ((cos * StepCos) - (sin * StepSin), (sin * StepCos) + (cos * StepSin));
        }

        return new Outline(finding, x, y);
    }

    private static double InFrame(double share, int frame) => Math.Clamp(Math.Floor((share * frame) + 0.5), 0, frame - 1);

    // Radius of the rim in a direction: 1 + wave · cos(3·angle + phase), by the formulas of the triple angle.
    private double Rim(double cos, double sin)
    {
        double cos3 = (4 * cos * cos * cos) - (3 * cos);
        double sin3 = (3 * sin) - (4 * sin * sin * sin);
        return 1 + (Wave * ((cos3 * Phase.Cos) - (sin3 * Phase.Sin)));
    }
}

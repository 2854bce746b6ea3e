namespace Dwarf.Training.Data;

/// <summary>
/// What a phantom shows without any finding: body, lungs, heart, spine, ribs, and two kinds of bright structures that are no finding, so that
/// brightness alone does not tell.
/// </summary>
internal sealed class PhantomAnatomy
{
    private readonly PhantomCanvas _canvas;
    private readonly PhantomRandom _random;
    private readonly double _middle;
    private readonly double _tissue;

    private PhantomAnatomy(PhantomCanvas canvas, PhantomRandom random)
    {
        _canvas = canvas;
        _random = random;
        _middle = 0.5 + random.Next(-0.03, 0.03);
        double halfWidth = random.Next(0.44, 0.5);
        _tissue = random.Next(0.55, 0.70);
        Body = (_middle, 0.62, halfWidth, 0.66);
    }

    /// <summary>Left and right on the picture.</summary>
    public (double X, double Y, double A, double B)[] Lungs { get; } = new (double, double, double, double)[2];

    private (double X, double Y, double A, double B) Body { get; }

    /// <summary>Paints one, new in every proportion.</summary>
    /// <param name="canvas">is black before</param>
    /// <param name="random">the image's stream</param>
    /// <param name="clouds">key of the slow unevenness of the tissue</param>
    public static PhantomAnatomy Draw(PhantomCanvas canvas, PhantomRandom random, ulong clouds)
    {
        var anatomy = new PhantomAnatomy(canvas, random);
        anatomy.DrawOrgans();
        anatomy.DrawRibs();
        anatomy.DrawVessels();
        anatomy.DrawSpots();
        canvas.Paint((x, y, v) => v + (0.10 * (PhantomRandom.Lattice(clouds, x, y, 6) - 0.5)));
        return anatomy;
    }

    private static double Blend(double from, double to, double share) => from + ((to - from) * share);

    private void DrawOrgans()
    {
        double air = _random.Next(0.20, 0.32);
        _canvas.Paint((x, y, _) => Blend(0.04, _tissue, PhantomCanvas.Cover(PhantomCanvas.Ellipse(x, y, Body), 0.05)));
        for (int side = 0; side < 2; side++)
        {
            double x = _middle + (((2 * side) - 1) * _random.Next(0.19, 0.23));
            double y = 0.48 + _random.Next(-0.03, 0.03);
            double a = _random.Next(0.13, 0.17);
            Lungs[side] = (x, y, a, _random.Next(0.29, 0.36));
            DrawEllipse(Lungs[side], air, 0.10);
        }

        double heartX = _middle + _random.Next(0.03, 0.09);
        double heartY = 0.66 + _random.Next(-0.04, 0.04);
        double heartA = _random.Next(0.12, 0.18);
        DrawEllipse((heartX, heartY, heartA, _random.Next(0.11, 0.16)), _tissue + 0.06, 0.12);
        _canvas.Paint((x, _, v) => Blend(v, _tissue + 0.03, 0.8 * PhantomCanvas.Smooth((0.075 - Math.Abs(x - _middle)) / 0.04)));
    }

    private void DrawEllipse((double X, double Y, double A, double B) ellipse, double brightness, double rim) =>
        _canvas.Paint((x, y, v) => Blend(v, brightness, PhantomCanvas.Cover(PhantomCanvas.Ellipse(x, y, ellipse), rim)));

    private void DrawRibs()
    {
        double count = _random.Next(7, 9);
        double bend = _random.Next(0.6, 1.4);
        double phase = _random.Next();
        double brightness = _random.Next(0.03, 0.08);
        _canvas.Paint((x, y, v) =>
        {
            double at = (y * count) + (bend * (x - _middle) * (x - _middle) * count) + phase;
            double wave = 1 - Math.Abs((2 * (at - Math.Floor(at))) - 1);
            return v + (brightness * PhantomCanvas.Smooth((wave - 0.45) / 0.3) * PhantomCanvas.Cover(PhantomCanvas.Ellipse(x, y, Body), 0.05));
        });
    }

    // Short bright lines that leave the hilum outwards.
    private void DrawVessels()
    {
        for (int i = 0; i < 4; i++)
        {
            double side = _random.Chance(0.5) ? -1 : 1;
            double x0 = _middle + (side * _random.Next(0.08, 0.11));
            double y0 = 0.45 + _random.Next(-0.05, 0.08);
            var (cos, sin) = _random.Direction();
            cos = Math.Abs(cos) * side;
            double length = _random.Next(0.10, 0.20);
            double brightness = _random.Next(0.06, 0.14);
            _canvas.Paint((x, y, v) =>
            {
                double along = Math.Clamp((((x - x0) * cos) + ((y - y0) * sin)) / length, 0, 1) * length;
                double dx = x - x0 - (along * cos);
                double dy = y - y0 - (along * sin);
                return v + (brightness * PhantomCanvas.Smooth((0.022 - Math.Sqrt((dx * dx) + (dy * dy))) / 0.016));
            });
        }
    }

    // Chalk-white spots, far smaller than any finding.
    private void DrawSpots()
    {
        for (int i = 0; i < 3; i++)
        {
            bool there = _random.Chance(0.5);
            var lung = Lungs[_random.Chance(0.5) ? 0 : 1];
            var (px, py) = _random.InDisc();
            double radius = _random.Next(0.018, 0.03);
            double brightness = _random.Next(0.20, 0.35);
            if (there)
            {
                var spot = (lung.X + (px * lung.A), lung.Y + (py * lung.B), radius, radius);
                _canvas.Paint((x, y, v) => v + (brightness * PhantomCanvas.Smooth((1.3 - PhantomCanvas.Ellipse(x, y, spot)) / 0.6)));
            }
        }
    }
}

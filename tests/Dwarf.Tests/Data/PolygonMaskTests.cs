using CsCheck;
using Dwarf.Training.Data;
using Xunit;

namespace Dwarf.Tests.Data;

public class PolygonMaskTests
{
    [Fact]
    public void A_rectangle_fills_the_pixels_whose_centres_it_holds()
    {
        // 16 units a pixel: columns 1 to 2 and rows 2 to 4 of the small picture.
        Assert.Equal(
            (1, 2, 2, 4, 6),
            Extent(Fill(8, 8, 128, [16, 48, 48, 16], [32, 32, 80, 80]), 8));
    }

    [Fact]
    public void Whether_the_ring_is_closed_or_which_way_it_runs_does_not_matter() =>
        Gen.Select(Gen.Double[0, 64].Array[5], Gen.Double[0, 64].Array[5]).Sample((x, y) =>
        {
            byte[] open = Fill(16, 16, 64, x, y);
            Assert.Equal(open, Fill(16, 16, 64, [.. x, x[0]], [.. y, y[0]]));

            // The other way round an edge's crossing is computed from its other end, so that a pixel exactly on it may go either way.
            byte[] back = Fill(16, 16, 64, [.. x.Reverse()], [.. y.Reverse()]);
            Assert.InRange(open.Zip(back, (a, b) => a ^ b).Sum(), 0, 1);
        });

    [Fact]
    public void Every_pixel_agrees_with_a_count_of_crossings_to_its_right() =>
        Gen.Select(Gen.Double[0, 20].Array[3, 9], Gen.Double[0, 20].Array[9]).Sample((x, more) =>
        {
            double[] y = more[..x.Length];
            byte[] mask = Fill(20, 20, 20, x, y);
            if (mask.Sum(value => value) == 1)
            {
                return; // may be the one pixel that keeps a tiny shape alive
            }

            for (int i = 0; i < mask.Length; i++)
            {
                double px = (i % 20) + 0.5;
                double py = (i / 20) + 0.5;
                bool inside = false;
                bool onEdge = false; // within rounding: either answer is right
                for (int a = 0, b = x.Length - 1; a < x.Length; b = a++)
                {
                    if ((y[a] > py) != (y[b] > py))
                    {
                        double crossing = ((x[b] - x[a]) * (py - y[a]) / (y[b] - y[a])) + x[a];
                        inside ^= px < crossing;
                        onEdge |= Math.Abs(px - crossing) < 1e-6;
                    }
                }

                Assert.True(onEdge || inside == (mask[i] == 1), $"pixel {i % 20},{i / 20}");
            }
        });

    [Fact]
    public void The_area_of_a_large_shape_is_kept_at_a_small_size()
    {
        double[] angle = [.. Enumerable.Range(0, 200).Select(i => i * Math.Tau / 200)];
        byte[] mask = Fill(64, 64, 1024, [.. angle.Select(a => 500 + (300 * Math.Cos(a)))], [.. angle.Select(a => 480 + (200 * Math.Sin(a)))]);
        Assert.Equal(Math.PI * 300 * 200 / 256, mask.Sum(value => value), 15.0);
    }

    [Fact]
    public void A_shape_that_holds_no_pixel_centre_keeps_one_pixel()
    {
        Assert.Equal((3, 5, 3, 5, 1), Extent(Fill(64, 64, 1024, [50, 53, 51], [81, 82, 84]), 64));
        Assert.Equal((63, 63, 63, 63, 1), Extent(Fill(64, 64, 1024, [1024, 1024, 1024], [1024, 1024, 1024]), 64));
    }

    [Fact]
    public void Outlines_of_one_finding_are_united_and_others_left_out()
    {
        var annotation = new ImageAnnotation("a.png", "record 0", [Square("A", 0), Square("B", 2), Square("A", 1)]);
        Assert.Equal(7, annotation.Mask("A", 4, 4, 4)!.Sum(value => value));
        Assert.Equal(4, annotation.Mask("B", 4, 4, 4)!.Sum(value => value));
        Assert.Null(annotation.Mask("C", 4, 4, 4));

        static Outline Square(string finding, double at) => new(finding, [at, at + 2, at + 2, at], [at, at, at + 2, at + 2]);
    }

    private static byte[] Fill(int width, int height, double frame, double[] x, double[] y)
    {
        var mask = new byte[width * height];
        PolygonMask.Fill(mask, width, height, new Outline("A", x, y), frame);
        return mask;
    }

    private static (int X0, int Y0, int X1, int Y1, int Area) Extent(byte[] mask, int width)
    {
        int[] set = [.. Enumerable.Range(0, mask.Length).Where(i => mask[i] == 1)];
        return (set.Min(i => i % width), set.Min(i => i / width), set.Max(i => i % width), set.Max(i => i / width), set.Length);
    }
}

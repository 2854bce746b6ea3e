using Dwarf.Training.Imaging;
using Dwarf.Training.Report;
using Engine.Tensors;
using Xunit;

namespace Dwarf.Tests.Report;

public sealed class OverlayPainterTests
{
    private static readonly GrayImage s_grey = GrayImage.FromBytes(8, 8, [.. Enumerable.Repeat((byte)120, 64)]);

    [Fact]
    public void A_map_of_zeros_leaves_the_xray_as_it_is()
    {
        var picture = OverlayPainter.Paint(s_grey, null, [new(2, 2, new float[4])], 32);
        Assert.Equal((70, 32), (picture.Width, picture.Height));
        Assert.All(Enumerable.Range(0, 32), x => Assert.Equal((120, 120, 120), Pixel(picture, x, 5)));
        Assert.All(Enumerable.Range(38, 32), x => Assert.Equal((120, 120, 120), Pixel(picture, x, 5)));
    }

    [Fact]
    public void A_higher_map_value_hides_more_of_the_xray()
    {
        var previous = -1.0;
        for (var i = 0; i <= 20; i++)
        {
            Assert.True(HeatColours.Opacity(i / 20.0) > previous);
            previous = HeatColours.Opacity(i / 20.0);
        }

        Assert.InRange(previous, 0.7, 0.95);
        var picture = OverlayPainter.Paint(s_grey, null, [new(1, 1, [1f])], 8);
        var (r, g, b) = HeatColours.Of(1);
        Assert.Equal((Mix(r), Mix(g), Mix(b)), Pixel(picture, 14, 0));

        int Mix(byte colour) => (int)Math.Round(120 + (previous * (colour - 120)));
    }

    [Fact]
    public void Lightness_of_the_colours_rises_all_the_way()
    {
        var previous = -1.0;
        for (var i = 0; i <= 100; i++)
        {
            var (r, g, b) = HeatColours.Of(i / 100.0);
            var lightness = (0.2126 * Math.Pow(r / 255.0, 2.2)) + (0.7152 * Math.Pow(g / 255.0, 2.2)) + (0.0722 * Math.Pow(b / 255.0, 2.2));
            Assert.True(lightness > previous, $"{lightness} at {i}, {previous} before it");
            previous = lightness;
        }
    }

    [Fact]
    public void The_outline_runs_along_the_edge_of_the_truth_and_nowhere_else()
    {
        bool[] mask = [.. Enumerable.Range(0, 64).Select(i => i % 8 is >= 2 and < 6 && i / 8 is >= 2 and < 6)];
        var picture = OverlayPainter.Paint(s_grey, ValueGrid.Of(8, 8, mask), [], 360);
        Assert.Equal((64, 224, 255), Pixel(picture, 90, 180));  // the left edge lies at 2 of 8, pixel 90 of 360
        Assert.Equal((64, 224, 255), Pixel(picture, 180, 270));
        Assert.Equal((120, 120, 120), Pixel(picture, 180, 180));
        Assert.Equal((120, 120, 120), Pixel(picture, 20, 180));
    }

    [Fact]
    public void The_panel_keeps_the_aspect_ratio()
    {
        var picture = OverlayPainter.Paint(GrayImage.FromBytes(4, 8, new byte[32]), null, [], 100);
        Assert.Equal((50, 100), (picture.Width, picture.Height));
    }

    [Fact]
    public void A_nan_in_a_map_is_named()
    {
        var error = Assert.Throws<DwarfException>(() => OverlayPainter.Paint(s_grey, null, [new(2, 2, [0, 0, float.NaN, 0])]));
        Assert.Equal("overlay: expected finite map values, found NaN at row 1, column 0", error.Message);
    }

    private static (int R, int G, int B) Pixel(Picture picture, int x, int y)
    {
        var at = ((y * picture.Width) + x) * 3;
        return (picture.Rgb[at], picture.Rgb[at + 1], picture.Rgb[at + 2]);
    }
}

using System.Globalization;
using Dwarf.Training.Data;
using Xunit;

namespace Dwarf.Tests.Data;

public class PilPolygonTests
{
    [Fact]
    public void Polygons_fill_the_pixels_that_PIL_fills()
    {
        foreach (string[] line in GoldenTable.Lines("polygon.csv"))
        {
            int width = int.Parse(line[0], CultureInfo.InvariantCulture);
            int height = int.Parse(line[1], CultureInfo.InvariantCulture);
            double[] points = line[2].Split(' ').Select(text => double.Parse(text, CultureInfo.InvariantCulture)).ToArray();
            var mask = new byte[width * height];
            PilPolygon.Fill(
                mask, width, height, points.Where((_, i) => i % 2 == 0).ToArray(), points.Where((_, i) => i % 2 == 1).ToArray());
            Assert.Equal(int.Parse(line[3], CultureInfo.InvariantCulture), mask.Sum(value => value));
            byte[] bits = Convert.FromBase64String(line[4]);
            for (int i = 0; i < mask.Length; i++)
            {
                Assert.True(mask[i] == ((bits[i / 8] >> (7 - (i % 8))) & 1), $"{string.Join(',', line[..4])}: pixel {i % width},{i / width}");
            }
        }
    }
}

namespace Dwarf.Training.Imaging.Dicom;

/// <summary>
/// From stored values to brightness, in the standard's order (PS3.3, C.11): modality LUT or rescale, VOI LUT or window, then inversion.
/// Each of the at most 65,536 values is computed once, in double, and rounded once.
/// </summary>
internal static class GreyPipeline
{
    /// <summary>Turns samples into brightness of 0 to 255, in place.</summary>
    /// <param name="elements">what the file says</param>
    /// <param name="layout">its description</param>
    /// <param name="samples">all allocated bits</param>
    /// <returns><paramref name="samples"/></returns>
    public static ushort[] Apply(DicomElements elements, PixelLayout layout, ushort[] samples)
    {
        int mask = (1 << layout.BitsStored) - 1;
        int shift = layout.HighBit + 1 - layout.BitsStored;
        for (int i = 0; i < samples.Length; i++)
        {
            samples[i] = (ushort)((samples[i] >> shift) & mask);
        }

        var stored = new int[mask + 1];
        int sign = layout.IsSigned ? 1 << (layout.BitsStored - 1) : 0;
        for (int code = 0; code <= mask; code++)
        {
            stored[code] = (code ^ sign) - sign;
        }

        bool[] isPadding = Padding(elements, layout, stored);
        double[] values = Modality(elements, layout, stored, out bool isTable);
        Func<double, double> voi = Voi(elements, layout, values)
            ?? Stretch(layout.BitsStored <= 8 && !isTable ? Range(values) : Range(values, samples, isPadding));
        bool isInverse = layout.Photometric == "MONOCHROME1";
        var brightness = new ushort[mask + 1];
        for (int code = 0; code <= mask; code++)
        {
            double white = Math.Clamp(voi(values[code]), 0, 1) * byte.MaxValue;
            brightness[code] = isPadding[code] ? (ushort)0 : (ushort)Math.Floor((isInverse ? byte.MaxValue - white : white) + 0.5);
        }

        for (int i = 0; i < samples.Length; i++)
        {
            samples[i] = brightness[samples[i]];
        }

        return samples;
    }

    private static double[] Modality(DicomElements elements, PixelLayout layout, int[] stored, out bool isTable)
    {
        isTable = elements.FirstItem(DicomTag.ModalityLut) is not null;
        if (elements.FirstItem(DicomTag.ModalityLut) is { } item)
        {
            var table = DicomLut.Read(item, layout.IsSigned);
            return Array.ConvertAll(stored, value => (double)table.At(value));
        }

        double slope = elements.Decimal(DicomTag.RescaleSlope) ?? 1;
        double intercept = elements.Decimal(DicomTag.RescaleIntercept) ?? 0;
        return slope != 0 && Math.Abs(slope) <= 1e9 && Math.Abs(intercept) <= 1e12
            ? Array.ConvertAll(stored, value => (slope * value) + intercept)
            : throw elements.Wrong(DicomTag.RescaleSlope, "expected a slope other than 0, and numbers of a sane size");
    }

    /// <summary>The file's VOI LUT or, without one, its first window; null where it has neither.</summary>
    private static Func<double, double>? Voi(DicomElements elements, PixelLayout layout, double[] values)
    {
        if (elements.FirstItem(DicomTag.VoiLut) is { } item)
        {
            var table = DicomLut.Read(item, layout.IsSigned || values.Min() < 0);
            return value => (double)table.At(value) / table.Largest;
        }

        if (elements.Decimal(DicomTag.WindowCenter) is not double centre || elements.Decimal(DicomTag.WindowWidth) is not double width)
        {
            return null;
        }

        string function = elements.Text(DicomTag.VoiFunction, "CS") is { Length: > 0 } text ? text : "LINEAR";
        if (width <= 0 || (width < 1 && function == "LINEAR"))
        {
            throw elements.Wrong(DicomTag.WindowWidth, $"expected {(function == "LINEAR" ? "at least 1" : "more than 0")}");
        }

        // LINEAR's ramp, too, begins half a width below the centre: its centre lies half a value lower, and it is a value narrower.
        double start = centre - (width / 2);
        return function switch
        {
            // With a width of 1 the slope is infinite: a threshold.
            "LINEAR" => width == 1
                ? value => value > centre - 0.5 ? 1 : 0
                : value => (value - start) / (width - 1),
            "LINEAR_EXACT" => value => (value - start) / width,
            "SIGMOID" => value => 1 / (1 + Math.Exp(-4 * (value - centre) / width)),
            _ => throw elements.Wrong(DicomTag.VoiFunction, "expected LINEAR, LINEAR_EXACT or SIGMOID"),
        };
    }

    /// <summary>From the smallest to the largest value; a flat picture is black.</summary>
    private static Func<double, double> Stretch((double Least, double Most) range) =>
        range.Most > range.Least ? value => (value - range.Least) / (range.Most - range.Least) : _ => 0;

    private static (double Least, double Most) Range(double[] values) => (values.Min(), values.Max());

    private static (double Least, double Most) Range(double[] values, ushort[] samples, bool[] isPadding)
    {
        var isUsed = new bool[values.Length];
        foreach (ushort code in samples)
        {
            isUsed[code] = true;
        }

        double least = double.PositiveInfinity, most = double.NegativeInfinity;
        for (int code = 0; code < values.Length; code++)
        {
            if (isUsed[code] && !isPadding[code])
            {
                least = Math.Min(least, values[code]);
                most = Math.Max(most, values[code]);
            }
        }

        return (least, most);
    }

    /// <summary>Which stored values are no picture but filling (PS3.3, C.7.5.1.1.2); they are shown black and stretch nothing.</summary>
    private static bool[] Padding(DicomElements elements, PixelLayout layout, int[] stored)
    {
        var result = new bool[stored.Length];
        if (elements.Short(DicomTag.PaddingValue) is not int padding)
        {
            return result;
        }

        int limit = elements.Short(DicomTag.PaddingLimit) ?? padding;
        (padding, limit) = layout.IsSigned ? ((short)padding, (short)limit) : (padding, limit);
        for (int code = 0; code < result.Length; code++)
        {
            result[code] = stored[code] >= Math.Min(padding, limit) && stored[code] <= Math.Max(padding, limit);
        }

        return result;
    }
}

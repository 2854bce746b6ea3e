namespace Dwarf.Training.Data;

/// <summary>
/// The grey pixels of a sample, [height, width]. Files give 8 bits and are kept so: ten thousand images of 224x224 take 0.5 GB, a quarter of what
/// numbers between 0 and 1 would. Drawn chests are kept as they are drawn.
/// </summary>
public sealed class SamplePixels
{
    private static readonly float[] Brightness = [.. Enumerable.Range(0, 256).Select(value => value / 255f)];

    private readonly byte[]? _bytes;
    private readonly float[]? _numbers;

    /// <summary>Pixels of 8 bits; they are not copied.</summary>
    /// <param name="bytes">255 is 1</param>
    public SamplePixels(byte[] bytes) => _bytes = bytes;

    /// <summary>Pixels of 0 to 1; they are not copied.</summary>
    /// <param name="numbers">0 … 1</param>
    public SamplePixels(float[] numbers) => _numbers = numbers;

    /// <summary>How many there are.</summary>
    public int Length => _bytes?.Length ?? _numbers!.Length;

    /// <summary>A pixel, 0 … 1.</summary>
    /// <param name="index">row-major</param>
    public float this[int index] => _bytes is null ? _numbers![index] : Brightness[_bytes[index]];

    /// <summary>Writes all pixels, 0 … 1, as they are in a picture read anew.</summary>
    /// <param name="result">of <see cref="Length"/></param>
    public void CopyTo(Span<float> result)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(result.Length, Length);
        if (_bytes is null)
        {
            _numbers!.CopyTo(result);
            return;
        }

        for (int i = 0; i < result.Length; i++)
        {
            result[i] = Brightness[_bytes[i]];
        }
    }

    /// <summary>All pixels, 0 … 1.</summary>
    public float[] ToArray()
    {
        var result = new float[Length];
        CopyTo(result);
        return result;
    }
}

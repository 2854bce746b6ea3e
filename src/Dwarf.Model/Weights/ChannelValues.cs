using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dwarf.Model.Weights;

/// <summary>A number for each of the network's three colour channels. As JSON one number where all are the same, a list of three otherwise.</summary>
/// <param name="Red">of the first channel</param>
/// <param name="Green">of the second channel</param>
/// <param name="Blue">of the third channel</param>
[JsonConverter(typeof(Converter))]
public readonly record struct ChannelValues(double Red, double Green, double Blue)
{
    /// <summary>Mean of ImageNet's pixels, 0 to 1, as published models subtract it.</summary>
    public static ChannelValues ImageNetMean { get; } = new(0.485, 0.456, 0.406);

    /// <summary>Standard deviation of ImageNet's pixels, as published models divide by it.</summary>
    public static ChannelValues ImageNetStd { get; } = new(0.229, 0.224, 0.225);

    /// <summary>Whether all channels have the same.</summary>
    public bool IsUniform => Red == Green && Green == Blue;

    /// <summary>The number of a channel.</summary>
    /// <param name="channel">0, 1 or 2</param>
    public double this[int channel] => channel switch
    {
        0 => Red,
        1 => Green,
        2 => Blue,
        _ => throw new ArgumentOutOfRangeException(nameof(channel), channel, "expected 0, 1 or 2"),
    };

    /// <summary>One number for all channels.</summary>
    public static implicit operator ChannelValues(double value) => new(value, value, value);

    /// <summary>One number, or three in brackets, as YAML and people write them.</summary>
    public override string ToString() =>
        FormattableString.Invariant(IsUniform ? (FormattableString)$"{Red:R}" : $"[{Red:R}, {Green:R}, {Blue:R}]");

    private sealed class Converter : JsonConverter<ChannelValues>
    {
        public override ChannelValues Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            if (reader.TokenType != JsonTokenType.StartArray)
            {
                return reader.GetDouble();
            }

            double[] values = JsonSerializer.Deserialize<double[]>(ref reader, options)!;
            return values.Length == 3 ? new ChannelValues(values[0], values[1], values[2]) : throw new JsonException("expected one number or three");
        }

        public override void Write(Utf8JsonWriter writer, ChannelValues value, JsonSerializerOptions options)
        {
            if (value.IsUniform)
            {
                writer.WriteNumberValue(value.Red);
                return;
            }

            writer.WriteStartArray();
            writer.WriteNumberValue(value.Red);
            writer.WriteNumberValue(value.Green);
            writer.WriteNumberValue(value.Blue);
            writer.WriteEndArray();
        }
    }
}

using System.Text.Json;
using System.Text.Json.Serialization;
using Dwarf.Model.Weights;

namespace Dwarf.Model.Onnx;

/// <summary>What an ONNX file says about itself, so that a program can feed it without the weights file.</summary>
internal static class OnnxMetadata
{
    private static readonly double[] s_mean = [0.485, 0.456, 0.406];

    private static readonly double[] s_std = [0.229, 0.224, 0.225];

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    /// <summary>The file's free text: JSON, but for single words.</summary>
    /// <param name="stored">what is exported</param>
    /// <param name="prompts">whether the prompts see each other</param>
    /// <returns>by key</returns>
    public static Dictionary<string, string> Of(StoredNetwork stored, Prompts prompts)
    {
        var text = new Dictionary<string, string>();
        if (stored.Decoder is not null)
        {
            text["prompts"] = prompts == Prompts.Alone ? "alone" : "together";
        }

        if (stored.Info is { } info)
        {
            text["findings"] = JsonSerializer.Serialize(info.Findings, Json);
            text["finding_prompts"] = JsonSerializer.Serialize(info.Prompts, Json);
            text["preprocessing"] = JsonSerializer.Serialize(info.Preprocessing, Json);
            text["map"] = JsonSerializer.Serialize(info.Map, Json);
            text["notes"] = JsonSerializer.Serialize(info.Notes, Json);
        }

        else if (stored is { Image: { } image, Decoder: not null })
        {
            // What KAD's and MedKLIP's own code does to images.
            text["preprocessing"] = JsonSerializer.Serialize(
                new { ImageSize = (int[])[image.Size, image.Across], Mean = s_mean, Std = s_std, Resize = "bicubic" }, Json);
        }

        return text;
    }
}

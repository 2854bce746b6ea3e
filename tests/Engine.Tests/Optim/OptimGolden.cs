using System.Text.Json;

namespace Engine.Tests.Optim;

/// <summary>What PyTorch does (tests/golden/optim, written by the script beside it).</summary>
internal static class OptimGolden
{
    public static JsonElement Root { get; } =
        JsonDocument.Parse(File.ReadAllText(Source.Path("tests/golden/optim/optim.json"))).RootElement;

    /// <summary>A list of numbers, or of lists of numbers, flattened.</summary>
    public static double[] Numbers(JsonElement element) => element.ValueKind == JsonValueKind.Array
        ? [.. element.EnumerateArray().SelectMany(Numbers)]
        : [element.GetDouble()];
}

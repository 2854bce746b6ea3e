using System.Globalization;
using static TorchSharp.torch;

namespace Parity.Tests;

/// <summary>Inputs and attributes of one call, for libtorch.</summary>
internal sealed class TorchCall(Dictionary<string, Tensor> inputs, IReadOnlyDictionary<string, string> attributes)
{
    public Tensor this[string name] => inputs[name];

    public Tensor? Optional(string name) => inputs.GetValueOrDefault(name);

    public Tensor[] Variadic(string name) => [.. Enumerable.Range(0, inputs.Count).Select(i => inputs[$"{name}{i}"])];

    public bool Bool(string name) => attributes.GetValueOrDefault(name) == "true";

    public string Text(string name, string fallback) => attributes.GetValueOrDefault(name, fallback);

    public double Number(string name, double fallback) =>
        attributes.TryGetValue(name, out string? text) ? double.Parse(text, CultureInfo.InvariantCulture) : fallback;

    public long Integer(string name, long? fallback = null) =>
        attributes.TryGetValue(name, out string? text) ? long.Parse(text, CultureInfo.InvariantCulture) : fallback!.Value;

    public long[] Pair(string name, long[] fallback) => Integers(name) is not { } numbers ? fallback : [numbers[0], numbers[^1]];

    public long[]? Integers(string name) =>
        attributes.TryGetValue(name, out string? text) ? [.. text.Split(',').Select(t => long.Parse(t, CultureInfo.InvariantCulture))] : null;
}

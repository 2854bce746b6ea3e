using System.Globalization;

namespace Dwarf.Model.Onnx;

/// <summary>An input or output of an ONNX file, f32.</summary>
public sealed record OnnxPort
{
    internal OnnxPort(string name, OnnxDim[] shape, string about) => (Name, Shape, About) = (name, shape, about);

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>Its shape, sizes that the caller chooses as letters: [b,3,224,224].</summary>
    public string Sizes => $"[{string.Join(',', Shape.Select(d => d.Label ?? d.Size.ToString(CultureInfo.InvariantCulture)))}]";

    /// <summary>What it is.</summary>
    public string About { get; }

    /// <summary>Its shape.</summary>
    internal OnnxDim[] Shape { get; }
}

/// <summary>What an ONNX file takes and gives.</summary>
/// <param name="Inputs">in the file's order</param>
/// <param name="Outputs">in the file's order</param>
public sealed record OnnxSummary(IReadOnlyList<OnnxPort> Inputs, IReadOnlyList<OnnxPort> Outputs);

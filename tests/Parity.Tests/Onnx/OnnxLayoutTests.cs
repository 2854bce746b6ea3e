using System.Runtime.CompilerServices;
using Dwarf.Model;
using Dwarf.Model.Onnx;
using Dwarf.Model.Weights;
using Engine.Tensors;
using Engine.Tensors.Safetensors;
using Microsoft.ML.OnnxRuntime;
using Xunit;

namespace Parity.Tests.Onnx;

/// <summary>Weight files of every published layout, exported and run, against outputs that plain PyTorch gave in f64.</summary>
public sealed class OnnxLayoutTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    public void Dispose() => File.Delete(_path);

    [Theory]
    [InlineData("")]
    [InlineData("lukemelas.")]
    [InlineData("medklip.")]
    [InlineData("resnet224.")]
    [InlineData("resnet512.")]
    public void An_exported_file_gives_pytorchs_outputs(string layout)
    {
        var inputs = SafetensorsFile.ReadAll(Golden($"{layout}input"));
        var outputs = SafetensorsFile.ReadAll(Golden($"{layout}output"));
        var image = inputs["image"].To(DType.F32);
        (int, int)? size = layout.StartsWith("resnet", StringComparison.Ordinal) || layout == "medklip."
            ? ((int)image.Shape[2], (int)image.Shape[3])
            : null;
        using var stored = StoredNetwork.Open(Golden($"{layout}weights"), new HeadCounts(Image: 2, Text: 3, Decoder: 4), size);
        OnnxExport.Write(_path, stored, Prompts.Together);
        using var session = new InferenceSession(_path);

        // MedKLIP's decoder projects its texts itself; KAD's texts come projected.
        var texts = (inputs.GetValueOrDefault("text_features") ?? outputs["text_features"]).To(DType.F32);
        var found = OnnxCheck.Run(session, ("image", image), ("text_features", texts));
        string[] names = ["patch_tokens", "pooled", "logits", "map"];
        OnnxCheck.AssertSame(names.ToDictionary(n => n, n => outputs[n].To(DType.F32)), names.ToDictionary(n => n, n => found[n]));
    }

    private static string Golden(string name, [CallerFilePath] string here = "")
        => Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "golden", "model", $"{name}.safetensors");
}

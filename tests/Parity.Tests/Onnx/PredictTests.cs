using Dwarf.Model;
using Dwarf.Model.Onnx;
using Dwarf.Model.Weights;
using Dwarf.Training.Imaging;
using Dwarf.Training.Runs;
using Engine.Kernels;
using Engine.Tensors;
using Microsoft.ML.OnnxRuntime;
using Xunit;

namespace Parity.Tests.Onnx;

/// <summary>A weights file asked by `predict` and, exported, by ONNX Runtime: the same pictures, the same probabilities.</summary>
public sealed class PredictTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dwarf-onnx-predict-").FullName;

    public void Dispose() => Directory.Delete(_folder, true);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_exported_file_gives_the_probabilities_of_predict(bool perImage)
    {
        var config = new ModelConfig
        {
            Image = new ImageEncoderConfig { Size = 32, Patch = 8, Width = 24, Layers = 2, Heads = 3, Hidden = 40 },
            Text = null,
            Decoder = new DecoderConfig { Layers = 2, Heads = 4, Hidden = 36 },
            InitStd = 0.3,
        };
        var info = new WeightsInfo
        {
            Findings = ["A", "B"],
            Prompts = ["a", "b"],
            Preprocessing = new Preprocessing { ImageSize = 32, PerImage = perImage, Mean = 0.4, Std = 0.3, Resize = "bicubic" },
        };
        string path = Path.Combine(_folder, "weights.safetensors");
        using (var network = new DwarfNetwork(config, info.Findings, DType.F32, 5))
        {
            WeightsFile.Save(path, network, info, OnnxCheck.Random([2, 24], 1));
        }

        Compare(path);
    }

    /// <summary>Exports the file and asks both.</summary>
    private void Compare(string path)
    {
        string exported = Path.Combine(_folder, "exported.onnx");
        using var stored = StoredNetwork.Open(path, null);
        OnnxExport.Write(exported, stored, Prompts.Alone);
        using var session = new InferenceSession(exported);
        using var cpu = new CpuDevice();
        using var predictor = new Predictor(path, cpu);
        var random = new Random(3);
        var pictures = Enumerable.Range(0, 3)
            .Select(_ => new GrayImage(40, 36, [.. Enumerable.Range(0, 40 * 36).Select(_ => (float)random.NextDouble())]))
            .Select(predictor.Fit).ToList();
        var answers = predictor.Ask(pictures);

        var (input, config) = (ImageInput.Of(stored.Info!.Preprocessing), stored.Image!);
        int pixels = config.Size * config.Across;
        var batch = new Tensor([pictures.Count, config.Channels, config.Size, config.Across], DType.F32);
        for (int i = 0; i < pictures.Count; i++)
        {
            input.Plain(pictures[i].Pixels, batch.Span<float>().Slice(i * config.Channels * pixels, config.Channels * pixels));
        }

        var found = OnnxCheck.Run(session, ("image", batch))["probability"].Span<float>();
        int count = predictor.Findings.Count;
        for (int i = 0; i < pictures.Count; i++)
        {
            for (int f = 0; f < count; f++)
            {
                Assert.Equal(answers[f][i].Probability, found[(i * count) + f], 1e-5);
                TestContext.Current.TestOutputHelper?.WriteLine($"{predictor.Findings[f]} {answers[f][i].Probability:f6} {found[(i * count) + f]:f6}");
            }
        }

        Assert.True(answers.SelectMany(a => a).Select(a => a.Probability).Distinct().Count() > 1, "all probabilities are one: they prove nothing");
    }
}

using Dwarf.Model;
using Dwarf.Model.Weights;
using Dwarf.Training.Imaging;
using Engine.Autograd;
using Engine.Kernels;
using Engine.Tensors;

namespace Dwarf.Training.Runs;

/// <summary>
/// What a weights file says of images that no data set lists. The file alone is enough: sizes, findings,
/// prompts' features and preprocessing stand in it.
/// </summary>
public sealed class Predictor : IDisposable
{
    private readonly DwarfNetwork _network;
    private readonly Tape _tape;
    private readonly Inference _inference;
    private readonly ImageInput _input;
    private readonly Tensor _features;

    /// <summary>Loads a weights file.</summary>
    /// <param name="path">written by a run</param>
    /// <param name="device">runs it</param>
    /// <param name="batch">images at once; results do not depend on it</param>
    public Predictor(string path, Device device, int batch = 32)
    {
        (_network, var info, var features) = WeightsFile.Load(path, DType.F32, device.Memory);
        _features = features ?? throw new DwarfException(
            ErrorKind.Content, $"{path}: holds no text features of its prompts; use checkpoints that a run wrote");
        Findings = info.Findings;
        _tape = new Tape(device);
        _inference = new Inference(_network, _tape, info.Map, batch);
        _input = ImageInput.Of(info.Preprocessing);
    }

    /// <summary>The findings that are asked.</summary>
    public IReadOnlyList<string> Findings { get; }

    /// <summary>What <see cref="Fit"/> and normalisation do to an image, in one line for people.</summary>
    public string Preprocessing => _input.Line(_network.Config.Image.Across, _network.Config.Image.Size, _network.Config.Image.Channels);

    /// <summary>An image as the network sees it, before normalisation: in 8 bits, whatever its file has.</summary>
    /// <param name="image">any size</param>
    /// <returns>the network's size</returns>
    public GrayImage Fit(GrayImage image)
    {
        var config = _network.Config.Image;
        var fitted = image.Resize(config.Across, config.Size, ResizeFilter.Bicubic);
        return GrayImage.FromBytes(fitted.Width, fitted.Height, fitted.ToBytes());
    }

    /// <summary>Asks images every finding.</summary>
    /// <param name="images">fitted by <see cref="Fit"/></param>
    /// <returns>answers by finding, then image; maps at the network's pixels</returns>
    public Answer[][] Ask(IReadOnlyList<GrayImage> images) =>
        _inference.Ask(images.Count, (i, span) => _input.Plain(images[i].Pixels, span), _features, Findings, maps: true);

    /// <inheritdoc/>
    public void Dispose()
    {
        _network.Dispose();
        _tape.Dispose();
    }
}

using Engine.Kernels;
using Engine.Tensors;

namespace Dwarf.Training.Runs;

/// <summary>The losses of a step that is made of several passes, added up where they are: nothing waits for a device.</summary>
internal sealed class LossSums
{
    private readonly Tensor _loss;
    private readonly Tensor _classification;
    private readonly Tensor _segmentation;
    private bool _hasClassification;
    private bool _hasSegmentation;

    public LossSums(DType dtype, MemorySpace? space) =>
        (_loss, _classification, _segmentation) = (new Tensor([], dtype, space), new Tensor([], dtype, space), new Tensor([], dtype, space));

    /// <summary>Adds a pass, before its tape ends it.</summary>
    public void Add(Device device, StepResult pass, bool first)
    {
        if (first)
        {
            _loss.Clear();
            _classification.Clear();
            _segmentation.Clear();
            (_hasClassification, _hasSegmentation) = (false, false);
        }

        Add(device, _loss, pass.Loss.Value);
        if (pass.Classification is { } classification)
        {
            Add(device, _classification, classification.Value);
            _hasClassification = true;
        }

        if (pass.Segmentation is { } segmentation)
        {
            Add(device, _segmentation, segmentation.Value);
            _hasSegmentation = true;
        }
    }

    /// <summary>The sums as numbers; waits for the device.</summary>
    public StepLosses Read() =>
        new(_loss.Item(), _hasClassification ? _classification.Item() : null, _hasSegmentation ? _segmentation.Item() : null);

    private static void Add(Device device, Tensor sum, Tensor value)
    {
        if (device is CudaDevice gpu)
        {
            AccumulateCuda.AddInto(gpu, sum, value);
        }
        else
        {
            Accumulate.AddInto((CpuDevice)device, sum, value);
        }
    }
}

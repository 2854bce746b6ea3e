using Dwarf.Model;
using Engine.Autograd;
using Engine.Autograd.Optim;
using Engine.Kernels;
using Engine.Tensors;
using Engine.Tensors.Safetensors;

namespace Peer;

/// <summary>The engine's side.</summary>
internal static class EngineStep
{
    private static readonly ModelConfig s_model = new() { Text = null, Decoder = new DecoderConfig { Dropout = 0 } };

    /// <summary>The parameters of a new network, under their names in memory.</summary>
    public static void WriteWeights(string path)
    {
        using var network = new DwarfNetwork(s_model, [StepInputs.Finding], DType.F32, seed: 1);
        SafetensorsWriter.Write(path, network.Parameters.Parameters.Select(p => KeyValuePair.Create(p.Name, p.Value)));
    }

    public static double[] Run(string weights, int batch, int steps, int threads, bool checkpointed)
    {
        using var cpu = new CpuDevice(threads);
        using var network = new DwarfNetwork(s_model, [StepInputs.Finding], DType.F32, seed: null);
        using (var file = SafetensorsFile.Open(weights))
        {
            foreach (var parameter in network.Parameters.Parameters)
            {
                parameter.Value.CopyFrom(file.Read(parameter.Name));
            }
        }

        GC.Collect();
        GC.WaitForPendingFinalizers();
        var image = Tensor.From<float>([batch, 3, 224, 224], StepInputs.Image(batch));
        var features = Tensor.From<float>([1, 768], StepInputs.Features());
        var labels = Tensor.From<long>([batch], StepInputs.Labels(batch));
        var masks = Tensor.From<float>([batch, 224, 224], StepInputs.Masks(batch));
        var loss = new LossConfig { Lambda = StepInputs.Lambda, WFp = StepInputs.WFp, Alpha = StepInputs.Alpha, Epsilon = StepInputs.Epsilon };
        using var tape = new Tape(cpu) { CheckpointsActivations = checkpointed };
        var optimiser = new AdamW(network.Parameters, new AdamWOptions { WeightDecay = StepInputs.WeightDecay });
        var losses = new double[steps];
        for (int step = 0; step < steps; step++)
        {
            var (logits, map) = network.Forward(tape, tape.Constant(image), tape.Constant(features));
            var total = DwarfLoss.Compute(
                tape, logits, map, labels, masks, network.Head(StepInputs.Finding), network.Config.Image, new MapConfig(), loss).Total;
            tape.Backward(total);
            losses[step] = total.Value.Item();
            optimiser.Step(cpu, StepInputs.LearningRate);
            tape.Reset();
        }

        return losses;
    }
}

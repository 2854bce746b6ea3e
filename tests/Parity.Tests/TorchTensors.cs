using Engine.Tensors;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace Parity.Tests;

/// <summary>Tensors to libtorch and back, through double.</summary>
internal static class TorchTensors
{
    public static Tensor To(Engine.Tensors.Tensor t) => t.DType switch
    {
        DType.F64 => tensor(t.ToArray<double>(), t.Shape.ToArray()),
        DType.I64 => tensor(t.ToArray<long>(), t.Shape.ToArray()),
        _ => tensor(t.ToArray<byte>(), t.Shape.ToArray()).to(ScalarType.Bool),
    };

    public static Engine.Tensors.Tensor From(Tensor t)
    {
        if (t.numel() == 0)
        {
            return new Engine.Tensors.Tensor(new Shape(t.shape), DType.F64);    // TorchSharp cannot read a tensor without elements
        }

        using var flat = t.detach().contiguous().to(ScalarType.Float64);
        return Engine.Tensors.Tensor.From<double>(new Shape(t.shape), flat.data<double>().ToArray());
    }

    /// <summary>An f32 or f64 tensor as it stands, without the way through double.</summary>
    public static Engine.Tensors.Tensor Plain(Tensor t)
    {
        using var flat = t.detach().contiguous();
        var copy = new Engine.Tensors.Tensor(new Shape(t.shape), t.dtype == ScalarType.Float64 ? DType.F64 : DType.F32);
        flat.bytes.CopyTo(copy.ByteSpan(0, (int)copy.Bytes));
        return copy;
    }

    /// <summary>An i64 tensor.</summary>
    public static Engine.Tensors.Tensor Long(Tensor t) => Engine.Tensors.Tensor.From<long>(new Shape(t.shape), t.contiguous().data<long>().ToArray());
}

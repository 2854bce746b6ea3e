namespace Engine.Kernels;

public sealed unsafe partial class CudaDevice
{
    private Blas? _blas;

    /// <summary>Matrix products. The library starts with the first use, which so must not lie inside a capture.</summary>
    /// <exception cref="Engine.Tensors.DwarfException">the library or its memory is not available</exception>
    public Blas Blas => _blas ??= Own(new Blas(this));

    /// <summary>Remembers a product as the last work queued, for messages of faults that show late.</summary>
    internal void NoteProduct() => _last = "a matrix product";
}

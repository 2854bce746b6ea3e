using Engine.Tensors;
using Engine.Tensors.Safetensors;

namespace Dwarf.Cli;

/// <summary>Tensors as a result: one a line, or a JSON array of name, dtype and shape.</summary>
public static class TensorTable
{
    /// <summary>Writes the table.</summary>
    public static void Write(VerbContext context, IReadOnlyList<(string Name, string Type, Shape Shape)> tensors)
    {
        if (context.Json)
        {
            context.WriteJson(tensors.Select(tensor => new
            {
                tensor.Name,
                Dtype = tensor.Type,
                Shape = Enumerable.Range(0, tensor.Shape.Rank).Select(axis => tensor.Shape[axis]),
            }));
            return;
        }
        int width = tensors.Select(tensor => tensor.Name.Length).DefaultIfEmpty().Max();
        foreach ((string name, string type, Shape shape) in tensors)
        {
            context.Out.WriteLine($"{SafetensorsFile.Printable(name).PadRight(Math.Min(width, 80))}  {type,-5}{shape}");
        }
    }
}

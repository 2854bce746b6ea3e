using Engine.Autograd.Operators;
using Engine.Kernels;
using Engine.Tensors;
using Engine.Tests;
using Xunit;

namespace Emulator.Tests;

/// <summary>Our own kernels with one fault each, planted into a copy: the instruments must name kernel, line, block and thread.</summary>
public sealed class PlantedFaultTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dwarf-planted-").FullName;

    public static TheoryData<string> Names => [.. s_plants.Keys];

    /// <summary>File, text there, text instead; operator, inputs, attributes, dtype; kind, kernel, and what stands in the line that is named.</summary>
    private sealed record Plant(
        string File, string From, string To, string Operator, (string Name, long[] Shape)[] Inputs, string Attributes, DType DType,
        string Kind, string Kernel, string Line);

    private static readonly Dictionary<string, Plant> s_plants = new()
    {
        ["missing_barrier"] = new(
            "permute.cu", "    __syncthreads();\n", "\n", "permute", [("x", [40, 3, 70])], "dims=2,1,0", DType.F32, "race", "permute_tiles", "tile["),
        ["out_of_bounds_global"] = new(
            "softmax.cu", "rows) return;\n    int shift = row_shift(row);\n    held z", "rows + 4) return;\n    int shift = row_shift(row);\n    held z", "softmax", [("x", [5, 40])], "", DType.F32,
            "out-of-bounds", "softmax_forward", "load_row"),
        ["out_of_bounds_shared"] = new(
            "permute.cu", "tile[k][threadIdx.x] = load", "tile[k + 1][threadIdx.x] = load", "permute", [("x", [40, 3, 70])], "dims=2,1,0", DType.F32,
            "out-of-bounds", "permute_tiles", "tile[k + 1]"),
        ["uninitialised_shared"] = new(
            "permute.cu", "        if (row + k < down && column + threadIdx.x < across)", "        if (row + k < down && column + threadIdx.x < across && k != 5)",
            "permute", [("x", [40, 3, 70])], "dims=2,1,0", DType.F32, "uninitialised", "permute_tiles", "tile[threadIdx.x][k]"),
        ["divergent_barrier"] = new(
            "permute.cu", "    __syncthreads();\n", "    if (threadIdx.y < 4) __syncthreads();\n", "permute", [("x", [40, 3, 70])], "dims=2,1,0", DType.F32,
            "divergent-barrier", "permute_tiles", "__syncthreads"),
        ["misaligned_16_bytes"] = new(
            "softmax.cu", "load_row(x + row * ROW, lane, -inf", "load_row(x + row * ROW + 1, lane, -inf", "softmax", [("x", [5, 40])], "",
            DType.F32, "misaligned", "softmax_forward", "load_row"),
        ["shuffle_from_an_inactive_lane"] = new(
            "softmax.cu", "rows) return;\n    int shift = row_shift(row);\n    held z", "rows || lane >= 16) return;\n    int shift = row_shift(row);\n    held z",
            "softmax", [("x", [5, 40])], "",
            DType.F32, "absent-lane", "softmax_forward", "warp_max(highest)"),
        ["weak_wait_for_an_asynchronous_copy"] = new(
            "attention_mma.cu", "    cp_async_wait<1>();\n    __syncthreads();\n    for (long long first = 16 * warp; first < s || first < 64",
            "    cp_async_wait<2>();\n    __syncthreads();\n    for (long long first = 16 * warp; first < s || first < 64", "attention",
            [("q", [1, 2, 70, 64]), ("k", [1, 2, 70, 64]), ("v", [1, 2, 70, 64])], "", DType.BF16, "uninitialised", "attention_mma_forward", "load"),
    };

    [Theory, MemberData(nameof(Names))]
    public void A_planted_fault_is_named(string name)
    {
        Plant plant = s_plants[name];
        foreach (string file in Directory.GetFiles(Source.Path("kernels")))
        {
            File.Copy(file, Path.Combine(_folder, Path.GetFileName(file)));
        }

        string path = Path.Combine(_folder, plant.File), text = File.ReadAllText(path);
        Assert.Equal(2, text.Split(plant.From).Length);
        File.WriteAllText(path, text.Replace(plant.From, plant.To, StringComparison.Ordinal));
        var tensors = plant.Inputs.ToDictionary(input => input.Name, input => InputValues.Make(new Shape(input.Shape), "float", null, seed: 3));
        var attributes = plant.Attributes.Length == 0 ? [] : new Dictionary<string, string> { [plant.Attributes.Split('=')[0]] = plant.Attributes.Split('=')[1] };
        using var gpu = CudaDevice.Open("emulated", new CudaOptions { Instruments = Instrumentation.Checking, KernelFolder = _folder });
        Instruments.Clear();
        OperatorRunner.Run(gpu, OperatorRunner.Find(plant.Operator), tensors, attributes, plant.DType);
        var faults = Instruments.Read().SelectMany(launch => launch.Faults).ToList();
        KernelFault? found = faults.FirstOrDefault(fault => fault.Kind == plant.Kind && fault.Kernel == plant.Kernel);
        Assert.True(found is not null, $"{plant.Kind} in {plant.Kernel} was not told: {string.Join("; ", faults)}");
        string line = File.ReadAllLines(Path.Combine(_folder, Path.GetFileName(found.File)))[found.Line - 1];
        Assert.True(line.Contains(plant.Line, StringComparison.Ordinal), $"line {found.Line} is: {line}");
        Assert.NotEmpty(found.Message);
    }

    public void Dispose()
    {
        Instruments.Set(Instrumentation.None);
        Directory.Delete(_folder, recursive: true);
    }
}

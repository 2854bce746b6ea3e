using System.Runtime.InteropServices;
using Dwarf.Model;
using Dwarf.Model.Onnx;
using Dwarf.Model.Weights;
using Dwarf.Tests.Model;
using Engine.Tensors;
using Xunit;

namespace Dwarf.Tests.Onnx;

/// <summary>What stands in an exported file; whether it computes the right thing is the parity suite's question.</summary>
public sealed class OnnxFileTests : IDisposable
{
    // Field numbers of onnx.proto: ModelProto, GraphProto, NodeProto, TensorProto, ValueInfoProto.
    private const int IrVersion = 1, Producer = 2, ProducerVersion = 3, Graph = 7, OperatorSets = 8, Metadata = 14;
    private const int Nodes = 1, Tensors = 5, Inputs = 11, Outputs = 12;
    private const int NodeInputs = 1, NodeOutputs = 2, NodeName = 3, NodeType = 4;
    private const int Dims = 1, DataType = 2, TensorName = 8, RawData = 9;

    private static readonly WeightsInfo s_info = new()
    {
        Model = TinyModel.Config,
        Findings = ["A", "B"],
        Prompts = ["a", "b ü"],
        HasHeads = true,
        Preprocessing = new Preprocessing { ImageSize = 12, Mean = 0.4 },
    };

    private readonly string _folder = Directory.CreateTempSubdirectory("dwarf-onnx-").FullName;

    public void Dispose() => Directory.Delete(_folder, true);

    [Fact]
    public void Every_node_reads_what_stands_before_it_and_every_constant_is_read()
    {
        var graph = Export("a").Message(Graph);
        var known = graph.Messages(Inputs).Select(i => i.Text(1)).Concat(graph.Messages(Tensors).Select(t => t.Text(TensorName))).ToHashSet();
        var read = new HashSet<string>();
        foreach (var node in graph.Messages(Nodes))
        {
            Assert.All(node.Texts(NodeInputs), name => Assert.Contains(name, known));
            read.UnionWith(node.Texts(NodeInputs));
            Assert.All(node.Texts(NodeOutputs), name => Assert.True(known.Add(name), $"{name} is made twice"));
        }

        string[] outputs = [.. graph.Messages(Outputs).Select(o => o.Text(1))];
        Assert.Equal(["patch_tokens", "pooled", "logits", "probability", "map", "refined"], outputs);
        Assert.All(outputs, name => Assert.Contains(name, known));
        Assert.All(graph.Messages(Tensors).Select(t => t.Text(TensorName)), name => Assert.Contains(name, read));
        string[] names = [.. graph.Messages(Nodes).Select(n => n.Text(NodeName))];
        Assert.Equal(names.Length, names.Distinct().Count());
    }

    [Fact]
    public void Weights_have_the_names_shapes_and_bits_of_weight_files()
    {
        using var network = TinyModel.Network(dtype: DType.F32);
        var tensors = Export("a").Message(Graph).Messages(Tensors);
        int compared = 0;
        foreach (var (name, value) in network.Layout.Export(p => p.Value))
        {
            if (tensors.SingleOrDefault(t => t.Text(TensorName) == name) is not { } found)
            {
                Assert.True(name.StartsWith("text_encoder.", StringComparison.Ordinal) || name.Contains(".in_proj_", StringComparison.Ordinal), name);
                continue;
            }

            Assert.Equal(value.Shape.ToArray(), found.Integers(Dims));
            Assert.Equal(1, found.Integer(DataType));
            Assert.Equal(MemoryMarshal.AsBytes(value.Span<float>()).ToArray(), found.Bytes(RawData));
            compared++;
        }

        Assert.True(compared > 50, $"{compared} weights were compared");
        var key = tensors.Single(t => t.Text(TensorName) == "model.decoder.layers.0.multihead_attn.in_proj_weight[8:16]");
        float[] packed = network.Layout.Find("model.decoder.layers.0.multihead_attn.in_proj_weight")!.Gather(p => p.Value).ToArray<float>();
        Assert.Equal(packed[64..128], MemoryMarshal.Cast<byte, float>(key.Bytes(RawData)).ToArray());
    }

    [Fact]
    public void The_file_says_what_made_it_and_how_to_feed_it_and_nothing_of_the_clock()
    {
        var model = Export("a");
        Assert.Equal((8, "DwarfEngine", 17), (model.Integer(IrVersion), model.Text(Producer), model.Message(OperatorSets).Integer(2)));
        Assert.Matches(@"^\d+\.\d+\.\d+$", model.Text(ProducerVersion));
        var text = model.Messages(Metadata).ToDictionary(m => m.Text(1), m => m.Text(2));
        Assert.Equal("alone", text["prompts"]);
        Assert.Equal("[\"A\",\"B\"]", text["findings"]);
        Assert.Contains("\"mean\":0.4", text["preprocessing"], StringComparison.Ordinal);
        Assert.Equal(File.ReadAllBytes(Path.Combine(_folder, "a.onnx")), Bytes("b"));
    }

    [Fact]
    public void Shapes_of_inputs_and_outputs_leave_the_batch_and_foreign_prompts_open()
    {
        using var network = TinyModel.Network(dtype: DType.F32);
        var summary = OnnxExport.Write(Path.Combine(_folder, "c.onnx"), StoredNetwork.Of(network, null, null), Prompts.Together);
        Assert.Equal(["image [b,3,12,12]", "text_features [q,8]"], summary.Inputs.Select(p => $"{p.Name} {p.Sizes}"));
        Assert.Equal(
            ["patch_tokens [b,9,8]", "pooled [b,8]", "logits [b,q,2]", "probability [b,q]", "map [b,q,9]"],
            summary.Outputs.Select(p => $"{p.Name} {p.Sizes}"));
        var image = new ProtoReader(File.ReadAllBytes(Path.Combine(_folder, "c.onnx"))).Message(Graph).Messages(Inputs)[0];
        var dims = image.Message(2).Message(1).Message(2).Messages(1);
        Assert.Equal("b", dims[0].Text(2));
        Assert.Equal([3, 12, 12], dims.Skip(1).Select(d => d.Integer(1)));
    }

    private ProtoReader Export(string name) => new(Bytes(name));

    private byte[] Bytes(string name)
    {
        string path = Path.Combine(_folder, name + ".onnx");
        using var network = TinyModel.Network(dtype: DType.F32);
        OnnxExport.Write(path, StoredNetwork.Of(network, s_info, TinyModel.Random([2, 8], "features", DType.F32)), Prompts.Alone);
        return File.ReadAllBytes(path);
    }
}

using System.Text.Json;
using Engine.Autograd.Operators;
using Engine.Tensors;
using Engine.Tensors.Safetensors;
using Xunit;

namespace Dwarf.Tests.Shell;

public sealed class OpTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("dwarf-op-");

    private string In => Path.Combine(_folder.FullName, "in.safetensors");

    private string Out => Path.Combine(_folder.FullName, "out.safetensors");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void The_table_names_every_operator_with_inputs_attributes_and_outputs()
    {
        Invocation run = Invocation.Of("op", "list", "--json");
        Assert.Equal((0, ""), (run.Code, run.Error));
        JsonElement[] table = [.. JsonDocument.Parse(run.Out).RootElement.EnumerateArray()];
        Assert.Equal(All.Operators.Select(each => each.Name), table.Select(each => each.GetProperty("name").GetString()));
        JsonElement norm = table.Single(each => each.GetProperty("name").GetString() == "layer_norm");
        Assert.Equal(["x", "weight", "bias", "residual"], norm.GetProperty("inputs").EnumerateArray().Select(input => input.GetProperty("name").GetString()));
        Assert.Equal([false, false, false, true], norm.GetProperty("inputs").EnumerateArray().Select(input => input.GetProperty("optional").GetBoolean()));
        JsonElement eps = norm.GetProperty("attributes")[0];
        Assert.Equal(("eps", "number", 1e-5), (eps.GetProperty("name").GetString(), eps.GetProperty("type").GetString(), eps.GetProperty("default").GetDouble()));
        Assert.Equal(["y", "sum"], norm.GetProperty("outputs").EnumerateArray().Select(output => output.GetString()));
        Assert.All(All.Operators, each => Assert.Contains(each.Name + "(", Invocation.Of("op", "list").Out, StringComparison.Ordinal));
    }

    [Fact]
    public void Runs_forward_and_backward_from_file_to_file()
    {
        WriteInputs(("cotangent.y", Tensor.From<float>([1, 2], [1f, 0f])));
        Invocation run = Invocation.Of("op", "run", "layer_norm", "--in", In, "--out", Out, "--attr", "eps=3", "--dtype", "f64", "--json");
        Assert.Equal(0, run.Code);
        Assert.Equal(
            ["y", "grad.x", "grad.weight", "grad.bias"],
            JsonDocument.Parse(run.Out).RootElement.EnumerateArray().Select(each => each.GetProperty("name").GetString()));
        Dictionary<string, Tensor> result = SafetensorsFile.ReadAll(Out);
        // x = (1, 3): mean 2, variance 1, so rstd = 1 / sqrt(1 + 3).
        Assert.Equal([-0.5, 0.5], result["y"].ToArray<double>());
        Assert.Equal([-0.5, 0.0], result["grad.weight"].ToArray<double>());
        Assert.Equal([1.0, 0.0], result["grad.bias"].ToArray<double>());
    }

    [Fact]
    public void Without_a_cotangent_there_is_no_gradient()
    {
        WriteInputs();
        Assert.Equal(0, Invocation.Of("op", "run", "layer_norm", "--in", In, "--out", Out).Code);
        Assert.Equal(["y"], SafetensorsFile.ReadAll(Out).Keys);
    }

    [Theory]
    [InlineData(64, "unknown operator 'layernorm'; did you mean 'layer_norm'?", "layernorm")]
    [InlineData(64, "layer_norm: unknown attribute 'epsilon'", "layer_norm", "--attr", "epsilon=1")]
    [InlineData(64, "--attr: expected KEY=VALUE, found 'eps'", "layer_norm", "--attr", "eps")]
    [InlineData(64, "--attr: 'eps' is given twice", "layer_norm", "--attr", "eps=1", "--attr", "eps=2")]
    [InlineData(64, "--dtype: expected f32, f64 or bf16, found 'f16'", "layer_norm", "--dtype", "f16")]
    [InlineData(64, "--device: expected cpu, cuda, cuda:N or emulated, found 'gpu'", "layer_norm", "--device", "gpu")]
    [InlineData(64, "--device: expected cpu, cuda, cuda:N or emulated, found 'cpu:1'", "layer_norm", "--device", "cpu:1")]
    [InlineData(64, "op run: --threads: expected 0 to 1024, found -1", "layer_norm", "--threads", "-1")]
    [InlineData(69, "device cuda:0 is not available: ", "layer_norm", "--device", "cuda:0")]
    [InlineData(69, "layer_norm: bf16 is not available on cpu", "layer_norm", "--dtype", "bf16")]
    public void What_is_wrong_with_the_words_is_said_in_one_line(int code, string line, params string[] args)
    {
        WriteInputs();
        Invocation run = Invocation.Of(["op", "run", .. args, "--in", In, "--out", Out, "--json"]);
        Assert.Equal((code, ""), (run.Code, run.Out));
        Assert.StartsWith("dwarf: " + line, run.Error, StringComparison.Ordinal);
        Assert.Equal(1, run.Error.Count(letter => letter == '\n'));
        Assert.False(File.Exists(Out));
    }

    [Fact]
    public void Files_that_are_missing_or_damaged_have_codes_of_their_own()
    {
        Assert.Equal(66, Invocation.Of("op", "run", "layer_norm", "--in", In, "--out", Out).Code);
        Assert.Equal(66, Invocation.Of("weights", "inspect", In).Code);
        Assert.Equal(66, Invocation.Of("weights", "inspect", _folder.FullName).Code);
        File.WriteAllText(In, "no tensors here");
        Assert.Equal(65, Invocation.Of("op", "run", "layer_norm", "--in", In, "--out", Out).Code);
        Assert.Equal(65, Invocation.Of("weights", "inspect", In).Code);
        File.WriteAllBytes(In, [(byte)'P', (byte)'K', 3, 4, 0, 0, 0, 0, 0, 0, 0, 0]);
        string refusal = Invocation.Of("op", "run", "layer_norm", "--in", In, "--out", Out).Error;
        Assert.Contains("expected safetensors, found an archive such as PyTorch's .pt", refusal, StringComparison.Ordinal);
        Assert.Contains("the archive ends before its directory", Invocation.Of("weights", "inspect", In).Error, StringComparison.Ordinal);
        File.WriteAllBytes(In, []);
        Assert.Contains("at least 8 bytes, found 0", Invocation.Of("weights", "inspect", In).Error, StringComparison.Ordinal);
        WriteInputs();
        Assert.Equal(74, Invocation.Of("op", "run", "layer_norm", "--in", In, "--out", Path.Combine(_folder.FullName, "no", "out")).Code);
        Assert.Equal(64, Invocation.Of("op", "run", "layer_norm", "--in", In).Code);
    }

    [Fact]
    public void Inspect_lists_each_tensor_and_prints_no_control_codes()
    {
        SafetensorsWriter.Write(In, [new("a\u001b[31m", Tensor.From<long>([2, 1], [1L, 2L])), new("b", Tensor.From<float>([], [1f]))]);
        Invocation json = Invocation.Of("weights", "inspect", In, "--json");
        JsonElement[] tensors = [.. JsonDocument.Parse(json.Out).RootElement.EnumerateArray()];
        Assert.Equal(["a\u001b[31m", "b"], tensors.Select(each => each.GetProperty("name").GetString()));
        Assert.Equal(["i64", "f32"], tensors.Select(each => each.GetProperty("dtype").GetString()));
        Assert.Equal([2, 1], tensors[0].GetProperty("shape").EnumerateArray().Select(size => size.GetInt32()));
        Assert.Equal(0, tensors[1].GetProperty("shape").GetArrayLength());
        Assert.DoesNotContain("\u001b", json.Out + json.Error, StringComparison.Ordinal);
        Invocation text = Invocation.Of("weights", "inspect", In);
        Assert.DoesNotContain("\u001b", text.Out + text.Error, StringComparison.Ordinal);
        Assert.Contains("i64  [2,1]", text.Out, StringComparison.Ordinal);
    }

    private void WriteInputs(params (string Name, Tensor Tensor)[] more) => SafetensorsWriter.Write(
        In,
        [
            new("x", Tensor.From<float>([1, 2], [1f, 3f])),
            new("weight", Tensor.From<float>([2], [1f, 1f])),
            new("bias", Tensor.From<float>([2], [0f, 0f])),
            .. more.Select(each => KeyValuePair.Create(each.Name, each.Tensor)),
        ]);
}

using System.Text.Json;
using Dwarf.Cli.SelfTests;
using Engine.Tensors;
using Xunit;

namespace Dwarf.Tests.Shell;

public sealed class SelfTestTests
{
    [Fact]
    public void Every_operator_has_a_case_whose_inputs_the_operator_takes()
    {
        Assert.Equal(Engine.Autograd.Operators.All.Operators.Select(info => info.Name).Order(), SelfTestCase.All.Select(test => test.Operator).Distinct().Order());
        Assert.All(SelfTestCase.All, test => Assert.All(test.Tensors().Keys, name => Assert.NotNull(Engine.Autograd.Operators.OperatorCall.Declaration(test.Info, name))));
    }

    [Fact]
    public void The_processor_passes_its_own_test_in_f32()
    {
        Invocation run = Invocation.Of("self-test", "--json", "--only", "softmax", "--only", "cross_entropy");
        Assert.Equal(0, run.Code);
        JsonElement result = JsonDocument.Parse(run.Out).RootElement;
        Assert.Equal((3, 0), (result.GetProperty("passed").GetInt32(), result.GetProperty("failed").GetInt32()));
        Assert.All(result.GetProperty("results").EnumerateArray(), each => Assert.InRange(each.GetProperty("error").GetDouble(), 1e-12, 2e-5));
    }

    [Fact]
    public void An_operator_that_is_not_there_is_a_usage_error()
        => Assert.Equal((64, "dwarf: --only: unknown operator 'sofmax'; did you mean 'softmax'?\n"),
            (Invocation.Of("self-test", "--only", "sofmax").Code, Invocation.Of("self-test", "--only", "sofmax").Error));

    [Fact]
    public void A_result_that_is_off_not_a_number_or_not_repeated_fails()
    {
        var right = new SelfTestResult("softmax", "", DType.F32, "y", 1e-6, 2e-5, true, null);
        Assert.True(right.Passed);
        Assert.False((right with { Error = 3e-5 }).Passed);
        Assert.False((right with { Error = double.NaN }).Passed);
        Assert.False((right with { Repeats = false }).Passed);
        Assert.False((right with { Fault = "layer_norm: no such thing" }).Passed);
    }
}

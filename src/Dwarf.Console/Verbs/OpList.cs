using System.Globalization;
using Engine.Autograd.Operators;

namespace Dwarf.Cli.Verbs;

/// <summary>`op list`: the operator table.</summary>
public sealed class OpList : Verb
{
    /// <inheritdoc/>
    public override string Name => "op list";

    /// <inheritdoc/>
    public override string Summary => "Lists every differentiable operator with its inputs, attributes and outputs";

    /// <inheritdoc/>
    public override int Run(VerbContext context)
    {
        IReadOnlyList<OperatorInfo> operators = Engine.Autograd.Operators.All.Operators;
        if (context.Json)
        {
            context.WriteJson(operators.Select(Describe));
            return 0;
        }
        foreach (OperatorInfo each in operators)
        {
            IEnumerable<string> inputs = each.Inputs.Select(input =>
                $"{input.Name}{(input.Variadic ? "0.." : "")} {input.Shape}{(input.DType == "float" ? "" : " " + input.DType)}{(input.Optional ? "?" : "")}");
            IEnumerable<string> attributes = each.Attributes.Select(attribute => attribute.Default.Length > 0 ? $"{attribute.Name}={attribute.Default}" : attribute.Name);
            context.Out.WriteLine($"{each.Name}({string.Join(", ", inputs.Concat(attributes))}) -> {string.Join(", ", each.Outputs)}");
            context.Out.WriteLine($"    {each.Summary}");
        }
        return 0;
    }

    private static object Describe(OperatorInfo info) => new
    {
        info.Name,
        info.Summary,
        info.Differentiable,
        Inputs = info.Inputs.Select(input => new { input.Name, Dtype = input.DType, input.Shape, input.Optional, input.Variadic, input.Differentiable }),
        Attributes = info.Attributes.Select(attribute => new
        {
            attribute.Name,
            Type = attribute.Type.ToString().ToLowerInvariant(),
            Default = Default(attribute),
            attribute.Required,
            Choices = attribute.Choices.Length > 0 ? attribute.Choices : null,
        }),
        info.Outputs,
    };

    // The default as JSON knows it; text where the operator computes it, such as 1/sqrt(d).
    private static object? Default(AttributeInfo attribute)
    {
        string text = attribute.Default;
        if (text.Length == 0)
        {
            return null;
        }
        return attribute.Type switch
        {
            AttributeType.Bool when bool.TryParse(text, out bool flag) => flag,
            AttributeType.Integer when long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long whole) => whole,
            AttributeType.Number when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) => number,
            AttributeType.Integers when text.Split(',') is var items && items.All(item => long.TryParse(item, out _)) =>
                items.Select(item => long.Parse(item, CultureInfo.InvariantCulture)),
            _ => text,
        };
    }
}

namespace Engine.Autograd.Operators;

/// <summary>How an attribute's text is read.</summary>
public enum AttributeType
{
    /// <summary>true or false.</summary>
    Bool,

    /// <summary>A 64-bit integer.</summary>
    Integer,

    /// <summary>A double.</summary>
    Number,

    /// <summary>Integers separated by commas.</summary>
    Integers,

    /// <summary>One of the choices.</summary>
    Choice,
}

/// <summary>An input as `op list` shows it.</summary>
/// <param name="Name">name in files; "x*" style variadic inputs are x0, x1, …</param>
/// <param name="DType">float, i64 or bool</param>
/// <param name="Shape">in symbols: [...,d]</param>
public sealed record InputInfo(string Name, string DType, string Shape)
{
    /// <summary>Whether it may be left out.</summary>
    public bool Optional { get; init; }

    /// <summary>Whether it stands for x0, x1, … as many as given.</summary>
    public bool Variadic { get; init; }

    /// <summary>Whether a gradient exists: false for masks, targets and ids.</summary>
    public bool Differentiable { get; init; } = DType == "float";
}

/// <summary>An attribute as `op list` shows it.</summary>
/// <param name="Name">its name</param>
/// <param name="Type">how it is read</param>
/// <param name="Default">text of the default; "" where the operator computes one or it must be given</param>
/// <param name="Choices">for <see cref="AttributeType.Choice"/></param>
public sealed record AttributeInfo(string Name, AttributeType Type, string Default, params string[] Choices)
{
    /// <summary>Whether it must be given.</summary>
    public bool Required { get; init; }
}

/// <summary>A differentiable operator for the table: what it takes, what it gives, and how to run it by name.</summary>
/// <param name="Name">contract name</param>
/// <param name="Summary">one line with the formula</param>
/// <param name="Inputs">in order</param>
/// <param name="Attributes">in order</param>
/// <param name="Outputs">names</param>
/// <param name="Run">runs it over a call's inputs and attributes; one variable an output, null where the output does not exist in this call</param>
public sealed record OperatorInfo(
    string Name,
    string Summary,
    InputInfo[] Inputs,
    AttributeInfo[] Attributes,
    string[] Outputs,
    Func<OperatorCall, Variable?[]> Run)
{
    /// <summary>Whether it has a backward at all (an optimiser step has none).</summary>
    public bool Differentiable { get; init; } = true;

    /// <summary>Outputs that no gradient flows through, as running averages; a cotangent of theirs adds nothing.</summary>
    public string[] ConstantOutputs { get; init; } = [];
}

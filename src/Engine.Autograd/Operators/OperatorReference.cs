using System.Text;

namespace Engine.Autograd.Operators;

/// <summary>The operator table for people, made from the declarations so that it cannot differ from what runs.</summary>
public static class OperatorReference
{
    /// <summary>The text of docs/operators.md.</summary>
    /// <returns>Markdown</returns>
    public static string Markdown()
    {
        var text = new StringBuilder("""
            # Operators

            Written from the operators' declarations by House.Tests (`DWARF_WRITE_DOCS=1 dotnet test --project tests/House.Tests`); do not edit.

            - `dwarf op run NAME --in IN.safetensors --out OUT.safetensors --attr KEY=VALUE` runs one. IN holds the inputs by name; `cotangent.OUTPUT` in it
              asks for the backward pass (an absent one is zero), and OUT then also holds `grad.INPUT`.
            - float is what `--dtype` says: f32 or f64. Inputs marked ∂ have a gradient, those marked ? may be left out.
            - `[...]` is any number of axes. Lists of attributes are written `axes=0,-1`; indices are Python's. `stride=2` is `stride=2,2`: rows, columns.
            - Where this table is silent, PyTorch's semantics hold; tests/Parity.Tests compares every operator with libtorch.

            | operator | inputs | attributes | outputs | what it computes |
            |---|---|---|---|---|

            """.ReplaceLineEndings("\n"));
        Rows(text, All.Operators);
        text.Append("\nOnly within the model, not in `op list`:\n\n| operator | inputs | attributes | outputs | what it computes |\n|---|---|---|---|---|\n");
        Rows(text, All.Internal);
        return text.ToString();
    }

    private static void Rows(StringBuilder text, IEnumerable<OperatorInfo> operators)
    {
        foreach (var info in operators)
        {
            string inputs = string.Join("<br>", info.Inputs.Select(i => Input(i, info.Differentiable)));
            string attributes = string.Join("<br>", info.Attributes.Select(Attribute));
            text.Append($"| `{info.Name}` | {inputs} | {attributes} | {string.Join(", ", info.Outputs.Select(o => $"`{o}`"))} | {Cell(info.Summary)} |\n");
        }
    }

    private static string Input(InputInfo input, bool differentiable)
    {
        string name = input.Variadic ? $"`{input.Name}0`, `{input.Name}1`, …" : $"`{input.Name}`";
        string marks = (differentiable && input.Differentiable ? " ∂" : "") + (input.Optional ? " ?" : "");
        return $"{name} {input.DType} `{input.Shape}`{marks}";
    }

    private static string Attribute(AttributeInfo attribute)
    {
        string type = attribute.Choices.Length > 0 ? string.Join(", ", attribute.Choices) : attribute.Type.ToString().ToLowerInvariant();
        string value = attribute.Required ? "must be given" : attribute.Default.Length > 0 ? $"default {attribute.Default}" : "default by the inputs";
        return $"`{attribute.Name}` {type}; {value}";
    }

    // A bar would end the cell.
    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);
}

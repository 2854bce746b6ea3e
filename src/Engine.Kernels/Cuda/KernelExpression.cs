using System.Globalization;
using Engine.Tensors;

namespace Engine.Kernels;

/// <summary>A number that a kernel's header gives as a formula over the kernel's parameters.</summary>
/// <remarks>
/// Numbers, names (also gridDim.x), + - * / %, comparisons, &amp;&amp;, ||, a ? b : c, ceil(x), min(a, b), max(a, b), parentheses. Division
/// is exact, not whole: ceil says where it rounds. A name of a pointer is 1, or 0 where the tensor is not given.
/// </remarks>
public abstract record KernelExpression
{
    /// <summary>Reads a formula.</summary>
    /// <param name="text">the formula, nothing after it</param>
    /// <param name="place">FILE:LINE, for messages</param>
    /// <returns>the formula</returns>
    /// <exception cref="DwarfException">it is not one (content)</exception>
    public static KernelExpression Parse(string text, string place)
    {
        var parser = new Parser(text, place);
        var expression = parser.Conditional();
        parser.ExpectEnd();
        return expression;
    }

    /// <summary>Its value.</summary>
    /// <param name="valueOf">the value of a name; null: unknown</param>
    /// <returns>the value</returns>
    /// <exception cref="DwarfException">a name is unknown (content)</exception>
    public abstract double Evaluate(Func<string, double?> valueOf);

    /// <summary>Every name in it.</summary>
    public abstract IEnumerable<string> Names { get; }

    private sealed record Number(double Value) : KernelExpression
    {
        public override IEnumerable<string> Names => [];

        public override double Evaluate(Func<string, double?> valueOf) => Value;
    }

    private sealed record Named(string Name, string Place) : KernelExpression
    {
        public override IEnumerable<string> Names => [Name];

        public override double Evaluate(Func<string, double?> valueOf)
            => valueOf(Name) ?? throw new DwarfException(ErrorKind.Content, $"{Place}: unknown name '{Name}'");
    }

    private sealed record Operation(string Sign, KernelExpression[] Parts) : KernelExpression
    {
        public override IEnumerable<string> Names => Parts.SelectMany(part => part.Names);

        public override double Evaluate(Func<string, double?> valueOf)
        {
            if (Sign == "?")
            {
                return Parts[Parts[0].Evaluate(valueOf) != 0 ? 1 : 2].Evaluate(valueOf);
            }
            double a = Parts[0].Evaluate(valueOf);
            double b = Parts.Length > 1 ? Parts[1].Evaluate(valueOf) : 0;
            return Sign switch
            {
                "+" => a + b,
                "-" => Parts.Length > 1 ? a - b : -a,
                "*" => a * b,
                "/" => a / b,
                "%" => a % b,
                "<" => a < b ? 1 : 0,
                ">" => a > b ? 1 : 0,
                "<=" => a <= b ? 1 : 0,
                ">=" => a >= b ? 1 : 0,
                "==" => a == b ? 1 : 0,
                "!=" => a != b ? 1 : 0,
                "&&" => a != 0 && b != 0 ? 1 : 0,
                "||" => a != 0 || b != 0 ? 1 : 0,
                "ceil" => Math.Ceiling(a),
                "floor" => Math.Floor(a),
                "min" => Math.Min(a, b),
                _ => Math.Max(a, b),
            };
        }
    }

    private sealed class Parser(string text, string place)
    {
        // Weakest first.
        private static readonly string[][] s_levels = [["||"], ["&&"], ["==", "!="], ["<=", ">=", "<", ">"], ["+", "-"], ["*", "/", "%"]];
        private int _at;

        public KernelExpression Conditional()
        {
            var condition = Binary(0);
            if (!Take("?"))
            {
                return condition;
            }
            var then = Conditional();
            Expect(":");
            return new Operation("?", [condition, then, Conditional()]);
        }

        public void ExpectEnd()
        {
            SkipSpace();
            if (_at < text.Length)
            {
                throw Error($"unexpected '{text[_at..]}'");
            }
        }

        private KernelExpression Binary(int level)
        {
            if (level == s_levels.Length)
            {
                return Unary();
            }
            var left = Binary(level + 1);
            while (s_levels[level].FirstOrDefault(Take) is { } sign)
            {
                left = new Operation(sign, [left, Binary(level + 1)]);
            }
            return left;
        }

        private KernelExpression Unary()
        {
            if (Take("-"))
            {
                return new Operation("-", [Unary()]);
            }
            if (Take("("))
            {
                var inner = Conditional();
                Expect(")");
                return inner;
            }
            SkipSpace();
            int start = _at;
            while (_at < text.Length && (char.IsAsciiLetterOrDigit(text[_at]) || text[_at] is '_' or '.'))
            {
                _at++;
            }
            string word = text[start.._at];
            if (word.Length == 0)
            {
                throw Error(_at < text.Length ? $"expected a number or a name, found '{text[_at..]}'" : "ends too early");
            }
            if (char.IsAsciiDigit(word[0]))
            {
                return double.TryParse(word, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value)
                    ? new Number(value)
                    : throw Error($"'{word}' is no number");
            }
            return Take("(") ? Call(word) : new Named(word, place);
        }

        private Operation Call(string name)
        {
            int count = name switch
            {
                "ceil" or "floor" => 1,
                "min" or "max" => 2,
                _ => throw Error($"unknown function '{name}' (ceil, floor, min, max)"),
            };
            var parts = new KernelExpression[count];
            for (int i = 0; i < count; i++)
            {
                if (i > 0)
                {
                    Expect(",");
                }
                parts[i] = Conditional();
            }
            Expect(")");
            return new Operation(name, parts);
        }

        private void SkipSpace()
        {
            while (_at < text.Length && char.IsWhiteSpace(text[_at]))
            {
                _at++;
            }
        }

        private bool Take(string sign)
        {
            SkipSpace();
            if (string.CompareOrdinal(text, _at, sign, 0, sign.Length) != 0)
            {
                return false;
            }
            _at += sign.Length;
            return true;
        }

        private void Expect(string sign)
        {
            if (!Take(sign))
            {
                throw Error($"expected '{sign}' {(_at < text.Length ? $"before '{text[_at..]}'" : "at the end")}");
            }
        }

        private DwarfException Error(string what) => new(ErrorKind.Content, $"{place}: {what} in '{text}'");
    }
}

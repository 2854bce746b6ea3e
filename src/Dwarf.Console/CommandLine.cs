using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using Engine.Tensors;

namespace Dwarf.Cli;

/// <summary>The verbs as System.CommandLine sees them, and its parse errors in our words.</summary>
internal sealed class CommandLine
{
    private readonly RootCommand _root = new("DwarfEngine: teaches a vision-language model where findings are on chest X-rays.");
    private readonly Dictionary<Command, Verb> _verbs = [];

    public CommandLine(IReadOnlyList<Verb> verbs)
    {
        _root.Options.Add(Json);
        _root.Options.Add(Verbose);
        foreach (Verb verb in verbs)
        {
            Add(verb);
        }
        foreach (Command group in _root.Subcommands.Where(each => each.Subcommands.Count > 0))
        {
            group.Description = string.Join(", ", Below(group).Select(verb => verb.Name));
        }
    }

    public Option<bool> Json { get; } = new("--json") { Description = "Result as one JSON document on standard output", Recursive = true };

    public Option<bool> Verbose { get; } = new("--verbose") { Description = "More detail, and stack traces", Recursive = true };

    // No response files: an argument that starts with @ is an argument.
    public ParseResult Parse(IReadOnlyList<string> args) => _root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });

    /// <summary>Whether the user asked for help, the version or a completion, which System.CommandLine answers.</summary>
    public bool IsQuestion(ParseResult parsed) =>
        parsed.Action is HelpAction || (parsed.Action is not null && parsed.Errors.Count == 0 && !_verbs.ContainsKey(parsed.CommandResult.Command));

    /// <summary>The verb that was named.</summary>
    /// <exception cref="DwarfException">exit code 64: what is unknown or missing, and the nearest name</exception>
    public Verb VerbOf(ParseResult parsed)
    {
        Command command = parsed.CommandResult.Command;
        // An unknown option before a missing argument would be taken for it.
        if (parsed.Tokens.TakeWhile(token => token.Type != TokenType.DoubleDash).FirstOrDefault(LooksLikeOption) is { Value: var swallowed })
        {
            throw new DwarfException(ErrorKind.Usage, Unknown(swallowed, command));
        }
        if (parsed.UnmatchedTokens.Count > 0)
        {
            throw new DwarfException(ErrorKind.Usage, Unknown(parsed.UnmatchedTokens[0], command));
        }
        if (!_verbs.TryGetValue(command, out Verb? verb))
        {
            IEnumerable<string> names = Below(command).Select(each => each.Name);
            throw new DwarfException(ErrorKind.Usage, $"a verb is missing: {string.Join(", ", names)}; dwarf --help says more");
        }
        if (parsed.Errors.Count > 0)
        {
            throw new DwarfException(ErrorKind.Usage, $"{verb.Name}: {Words(parsed.Errors[0])}");
        }
        if (parsed.CommandResult.Children.FirstOrDefault(NamesNothing) is { } empty)
        {
            throw new DwarfException(ErrorKind.Usage, $"{verb.Name}: {(empty is OptionResult o ? o.Option.Name : ((ArgumentResult)empty).Argument.Name)}: expected a value, found ''");
        }
        return verb;
    }

    private static bool LooksLikeOption(Token token) =>
        token.Type == TokenType.Argument && token.Value.Length > 2 && token.Value.StartsWith("--", StringComparison.Ordinal);

    /// <summary>Whether an option, or an argument that names a file, was given as ''.</summary>
    private static bool NamesNothing(SymbolResult result) =>
        result is OptionResult or ArgumentResult { Argument.Name: not "TEXT" } && result.Tokens.Any(token => token.Value.Length == 0);

    private static string Words(ParseError error)
    {
        if (error.SymbolResult is OptionResult { Tokens: [var token] } result && error.Message.StartsWith("Cannot parse", StringComparison.Ordinal))
        {
            bool whole = (Nullable.GetUnderlyingType(result.Option.ValueType) ?? result.Option.ValueType) is var type && (type == typeof(int) || type == typeof(long));
            return $"{result.Option.Name}: expected a {(whole ? "whole number" : "number")}, found '{token.Value}'";
        }
        return error.Message.TrimEnd('.').ReplaceLineEndings(" ");
    }

    private string Unknown(string word, Command command)
    {
        string place = _verbs.TryGetValue(command, out Verb? verb) ? $"{verb.Name}: " : "";
        if (word.StartsWith('-'))
        {
            return $"{place}unknown option '{word}'" + Nearest.Hint(word, [.. command.Options.Union(_root.Options).Select(option => option.Name)]);
        }
        if (verb is not null)
        {
            return $"{place}unexpected argument '{word}'";
        }
        string name = command == _root ? word : $"{command.Name} {word}";
        return $"unknown verb '{name}'" + Nearest.Hint(name, [.. _verbs.Values.Select(each => each.Name)]);
    }

    private IEnumerable<Verb> Below(Command command) => _verbs.Values.Where(verb => command == _root || verb.Name.StartsWith(command.Name + " ", StringComparison.Ordinal));

    private void Add(Verb verb)
    {
        Command parent = _root;
        string[] words = verb.Name.Split(' ');
        foreach (string group in words[..^1])
        {
            Command? found = parent.Subcommands.FirstOrDefault(each => each.Name == group);
            if (found is null)
            {
                parent.Subcommands.Add(found = new Command(group));
            }
            parent = found;
        }
        // The action is never called (Host runs the verb); without one a command counts as incomplete.
        var command = new Command(words[^1], verb.Summary);
        command.SetAction(static _ => 0);
        foreach (Symbol parameter in verb.Parameters)
        {
            switch (parameter)
            {
                case Option option:
                    if (option.ValueType != typeof(bool))
                    {
                        option.HelpName ??= option.Name.TrimStart('-').ToUpperInvariant();
                    }
                    command.Options.Add(option);
                    break;
                case Argument argument:
                    command.Arguments.Add(argument);
                    break;
            }
        }
        parent.Subcommands.Add(command);
        _verbs.Add(command, verb);
    }
}

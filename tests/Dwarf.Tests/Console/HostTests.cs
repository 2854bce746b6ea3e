using System.CommandLine;
using System.Runtime.InteropServices;
using System.Text.Json;
using Dwarf.Cli;
using Engine.Tensors;
using Xunit;

namespace Dwarf.Tests.Shell;

public sealed class HostTests
{
    [Theory]
    [InlineData("unknown verb 'devics'; did you mean 'devices'?", "devics")]
    [InlineData("unknown verb 'data chek'; did you mean 'data check'?", "data", "chek")]
    [InlineData("data check: unknown option '--strct'; did you mean '--strict'?", "data", "check", "--strct")]
    [InlineData("devices: unknown option '--jsn'; did you mean '--json'?", "devices", "--jsn")]
    [InlineData("unknown option '--jsn'; did you mean '--json'?", "--jsn")]
    [InlineData("devices: unexpected argument 'x'", "devices", "x")]
    [InlineData("a verb is missing: data check; dwarf --help says more", "data")]
    public void A_wrong_word_exits_64_and_names_the_nearest_right_one(string line, params string[] args)
    {
        Invocation run = Invocation.With([new Cli.Verbs.Devices(), new Fake("data check", _ => 0)], args);
        Assert.Equal((64, "", $"dwarf: {line}\n"), (run.Code, run.Out, run.Error));
    }

    [Theory]
    [InlineData("train: unknown option '--resum'; did you mean '--resume'?", "train", "--resum", "a.yaml")]
    [InlineData("predict: unknown option '--ouut'; did you mean '--out'?", "predict", "--weights", "w", "--ouut", "dir", "a.png")]
    [InlineData("train: --threads: expected a whole number, found 'x'", "train", "a.yaml", "--threads", "x")]
    [InlineData("train: --out: expected a value, found ''", "train", "a.yaml", "--out", "")]
    [InlineData("train: CONFIG: expected a value, found ''", "train", "")]
    [InlineData("predict: IMAGE: expected a value, found ''", "predict", "--weights", "w", "a.png", "")]
    [InlineData("data phantom: --out: expected a value, found ''", "data", "phantom", "--count", "3", "--out", "")]
    public void An_option_or_value_that_cannot_be_exits_64_whatever_stands_around_it(string line, params string[] args)
    {
        foreach (string[] each in new[] { args, [.. args, "--json"] })
        {
            Invocation run = Invocation.Of(each);
            Assert.Equal((64, "", $"dwarf: {line}\n"), (run.Code, run.Out, run.Error));
        }
    }

    [Fact]
    public void After_two_hyphens_a_word_is_an_argument_and_an_empty_text_is_a_text()
    {
        string vocab = Path.GetTempFileName();
        try
        {
            File.WriteAllText(vocab, "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n-\n");
            Assert.Equal((0, "2 5 5 1 3\n"), (Invocation.Of("tokenize", "--vocab", vocab, "--", "--x") is var run ? run.Code : 0, run.Out));
            Assert.Equal("2 3\n", Invocation.Of("tokenize", "--vocab", vocab, "").Out);
            File.WriteAllText(vocab, "");
            Assert.Equal(65, Invocation.Of("tokenize", "--vocab", vocab, "x").Code);
        }
        finally
        {
            File.Delete(vocab);
        }
    }

    [Fact]
    public void An_argument_with_an_at_sign_is_no_response_file() => Assert.Equal(64, Invocation.Of("devices", "@nowhere").Code);

    public static TheoryData<Exception, int, string> Failures => new()
    {
        { new DwarfException(ErrorKind.Content, "a.png: truncated"), 65, "dwarf: a.png: truncated\n" },
        { new DwarfException(ErrorKind.Configuration, "a.yaml:1:2: x: unknown key"), 78, "dwarf: a.yaml:1:2: x: unknown key\n" },
        { new FileNotFoundException("Could not find file '/x'."), 66, "dwarf: Could not find file '/x'.\n" },
        { new DirectoryNotFoundException("Could not find a part of '/x'."), 66, "dwarf: Could not find a part of '/x'.\n" },
        { new UnauthorizedAccessException("Access to '/x' is denied."), 66, "dwarf: Access to '/x' is denied.\n" },
        { new IOException("No space left on device : '/x'"), 74, "dwarf: No space left on device : '/x'\n" },
        { new AggregateException(new IOException("Disk quota exceeded")), 74, "dwarf: Disk quota exceeded\n" },
        { new InsufficientMemoryException(), 69, "dwarf: memory: not enough for this; smaller batches or images need less\n" },
        {
            new InvalidOperationException("first\nsecond"), 70,
            "dwarf: internal error, please report it with --verbose: InvalidOperationException: first\n"
        },
    };

    [Theory]
    [MemberData(nameof(Failures))]
    public void A_failure_is_one_line_and_the_exit_code_of_the_contract(Exception failure, int code, string line)
    {
        foreach (string[] args in new[] { new[] { "fail" }, ["fail", "--json"] })
        {
            Invocation run = Invocation.With([new Fake("fail", _ => throw failure)], args);
            Assert.Equal((code, "", line), (run.Code, run.Out, run.Error));
        }
    }

    [Fact]
    public void Only_verbose_shows_the_stack_trace()
    {
        Verb[] verbs = [new Fake("fail", _ => throw new InvalidOperationException("boom"))];
        Assert.DoesNotContain("   at ", Invocation.With(verbs, "fail").Error, StringComparison.Ordinal);
        Assert.Contains("   at ", Invocation.With(verbs, "fail", "--verbose").Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_verb_that_fails_half_way_leaves_nothing_on_stdout_under_json()
    {
        Verb[] verbs = [new Fake("half", context =>
        {
            context.WriteJson(new { Half = 1 });
            throw new DwarfException(ErrorKind.Content, "late");
        })];
        Assert.Equal("", Invocation.With(verbs, "half", "--json").Out);
    }

    [Fact]
    public void A_verb_whose_result_is_a_list_of_faults_prints_it_and_keeps_its_code()
    {
        Verb[] verbs = [new Fake("faults", context =>
        {
            context.WriteJson(new { Faults = new[] { "a" }, Nan = double.NaN, MaxDice = 0.5f });
            return 65;
        })];
        Invocation run = Invocation.With(verbs, "faults", "--json");
        JsonElement document = JsonDocument.Parse(run.Out).RootElement;
        Assert.Equal(65, run.Code);
        Assert.Equal("a", document.GetProperty("faults")[0].GetString());
        Assert.Equal(JsonValueKind.Null, document.GetProperty("nan").ValueKind);
        Assert.Equal(0.5, document.GetProperty("max_dice").GetDouble());
    }

    [Theory]
    [InlineData(PosixSignal.SIGINT, 130)]
    [InlineData(PosixSignal.SIGTERM, 143)]
    public void The_first_signal_asks_and_the_second_leaves(PosixSignal signal, int code)
    {
        var exits = new List<int>();
        using var error = new StringWriter();
        using var interruption = new Interruption(error, exits.Add);
        interruption.Arm();
        interruption.Signal(signal);
        Assert.True(interruption.Requested && interruption.Token.IsCancellationRequested);
        Assert.Equal(code, interruption.ExitCode);
        Assert.Empty(exits);
        interruption.Signal(signal);
        Assert.Equal([code], exits);
    }

    [Fact]
    public void A_signal_ends_a_verb_that_does_not_listen_at_once()
    {
        var exits = new List<int>();
        using var error = new StringWriter();
        using var interruption = new Interruption(error, exits.Add);
        interruption.Signal(PosixSignal.SIGTERM);
        Assert.Equal([143], exits);
    }

    [Fact]
    public void A_verb_that_gives_up_through_its_token_returns_the_code_of_the_signal()
    {
        using var error = new StringWriter();
        using var interruption = new Interruption(error, static _ => { });
        Verb[] verbs = [new Fake("wait", context =>
        {
            CancellationToken token = context.Interruption.Token;
            interruption.Signal(PosixSignal.SIGINT);
            token.ThrowIfCancellationRequested();
            return 0;
        })];
        Assert.Equal(130, Host.Run(["wait"], error, error, new Terminal(error, false, TimeProvider.System), interruption, verbs));
    }

    [Fact]
    public void Help_lists_every_verb_that_is_built_and_no_other()
    {
        Invocation run = Invocation.Of("--help");
        Assert.Equal(0, run.Code);
        foreach (Verb verb in Cli.Verbs.All.List)
        {
            Assert.Contains(verb.Name.Split(' ')[0], run.Out, StringComparison.Ordinal);
            Assert.Contains(verb.Summary, Invocation.Of([.. verb.Name.Split(' '), "--help"]).Out.ReplaceLineEndings(" "), StringComparison.Ordinal);
        }
        Assert.Contains("op list, op run", run.Out, StringComparison.Ordinal);
        Assert.Contains("--in <FILE> (REQUIRED)", Invocation.Of("op", "run", "--help").Out, StringComparison.Ordinal);
        Assert.DoesNotContain("preference", run.Out, StringComparison.Ordinal);
    }

    private sealed class Fake(string name, Func<VerbContext, int> run) : Verb
    {
        public override string Name => name;

        public override string Summary => "for tests";

        public override IReadOnlyList<Symbol> Parameters => [new Option<bool>("--strict")];

        public override int Run(VerbContext context) => run(context);
    }
}

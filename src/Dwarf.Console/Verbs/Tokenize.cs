using System.CommandLine;
using Dwarf.Model.Text;

namespace Dwarf.Cli.Verbs;

/// <summary>`tokenize`: what the text encoder reads of a text.</summary>
public sealed class Tokenize : Verb
{
    private readonly Argument<string> _text = new("TEXT") { Description = "The text, one argument" };
    private readonly Option<string> _vocab = CommonOptions.File("--vocab", "WordPiece vocabulary, a piece a line");

    /// <inheritdoc/>
    public override string Name => "tokenize";

    /// <inheritdoc/>
    public override string Summary => "Shows the WordPiece ids of a text, [CLS] and [SEP] included";

    /// <inheritdoc/>
    public override IReadOnlyList<Symbol> Parameters => [_text, _vocab];

    /// <inheritdoc/>
    public override int Run(VerbContext context)
    {
        WordPiece vocabulary = WordPiece.Load(context.Get(_vocab));
        long[] ids = vocabulary.Encode(context.Get(_text));
        string[] tokens = [.. ids.Select(vocabulary.Piece)];
        if (context.Json)
        {
            context.WriteJson(new { Ids = ids, Tokens = tokens });
            return 0;
        }
        context.Out.WriteLine(string.Join(' ', ids));
        context.Error.WriteLine(string.Join(' ', tokens));
        return 0;
    }
}

using System.CommandLine;

namespace Dwarf.Cli;

/// <summary>
/// One verb of the command line. To add one: a class in Verbs/ that derives from this, and a line in <see cref="Verbs.All"/>.
/// A verb keeps its options in fields, names them in <see cref="Parameters"/>, and reads them through the context.
/// </summary>
public abstract class Verb
{
    /// <summary>What the user types, such as "tokenize" or, for a verb of a group, "data check".</summary>
    public abstract string Name { get; }

    /// <summary>One line for --help.</summary>
    public abstract string Summary { get; }

    /// <summary>The verb's own options and arguments. --json and --verbose are there by themselves.</summary>
    public virtual IReadOnlyList<Symbol> Parameters => [];

    /// <summary>Does the work and returns the exit code, 0 if all is well; a failure is thrown as a DwarfException.</summary>
    public abstract int Run(VerbContext context);
}

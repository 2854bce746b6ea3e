namespace Dwarf.Training.Config;

/// <summary>Where a value comes from: a place in a file, a --set on the command line, or the schema's default.</summary>
/// <param name="Source">file as the user named it, "--set key=value", or "default"</param>
/// <param name="Line">from 1; 0 where there is no line</param>
/// <param name="Column">from 1; 0 where there is no column</param>
public readonly record struct Origin(string Source, int Line, int Column)
{
    /// <summary>A value nobody wrote.</summary>
    public static readonly Origin Default = new("default", 0, 0);

    /// <summary>The first character of a file, for what the file lacks.</summary>
    public static Origin StartOf(string file) => new(file, 1, 1);

    /// <summary>file:line:column, or the source alone.</summary>
    public override string ToString() => Line > 0 ? $"{Source}:{Line}:{Column}" : Source;
}

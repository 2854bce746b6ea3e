namespace Ptx.Tests.Interpreter;

/// <summary>What is wrong with a PTX text or with a run of it: one line that begins with file:line.</summary>
public sealed class PtxException(string message) : Exception(message)
{
    /// <summary>A fault at a place in a text, with the kernel's own source line where the text has it.</summary>
    public static PtxException At(Place place, string what) => new($"{place}: {what}");
}

/// <summary>Where a statement stands: its PTX line, and the line of CUDA C++ that it came from, if a .loc says so.</summary>
public readonly record struct Place(string Ptx, int Line, string? Source, int SourceLine)
{
    public override string ToString() => Source == null ? $"{Ptx}:{Line}" : $"{Source}:{SourceLine} ({Ptx}:{Line})";
}

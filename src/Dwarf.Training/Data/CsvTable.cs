using System.Text;
using Engine.Tensors;

namespace Dwarf.Training.Data;

/// <summary>A small CSV file in memory: a header, rows as long as the header, and the line that each row began on.</summary>
public sealed class CsvTable
{
    private readonly List<int> _lines = [];
    private readonly List<string[]> _rows = [];

    private CsvTable(string file) => File = file;

    /// <summary>The file's name, for messages.</summary>
    public string File { get; }

    /// <summary>The first line.</summary>
    public IReadOnlyList<string> Header { get; private set; } = [];

    /// <summary>All other lines that are not empty.</summary>
    public IReadOnlyList<string[]> Rows => _rows;

    /// <summary>Reads a file: commas, quotes as in RFC 4180, line ends of any system, UTF-8 with or without its mark.</summary>
    /// <param name="path">the file</param>
    /// <param name="faults">rows of another length than the header are reported and left out; by default the first one is an error</param>
    /// <exception cref="DwarfException">not there (missing input), or not a table (content)</exception>
    public static CsvTable Load(string path, DataFaults? faults = null) => Parse(InputFile.ReadText(path), path, faults);

    /// <summary>Reads a text.</summary>
    /// <param name="text">the table</param>
    /// <param name="file">its name, for messages</param>
    /// <param name="faults">as for <see cref="Load"/></param>
    public static CsvTable Parse(string text, string file, DataFaults? faults = null)
    {
        faults ??= DataFaults.StopAtFirst();
        var table = new CsvTable(file);
        int position = 0;
        int line = 1;
        while (position < text.Length)
        {
            int start = line;
            string[] cells = ReadRow(text, file, ref position, ref line);
            if (cells is [""])
            {
                continue;
            }

            if (table.Header.Count == 0)
            {
                table.Header = cells;
                foreach (var same in cells.GroupBy(name => name, StringComparer.Ordinal).Where(group => group.Count() > 1))
                {
                    faults.Report("duplicate-column", file, $"line {start}", $"the column '{same.Key}' stands there {same.Count()} times");
                }
            }
            else if (cells.Length != table.Header.Count)
            {
                string message = $"expected {table.Header.Count} cells as in the header, found {cells.Length}";
                faults.Report("bad-row", file, $"line {start}", message);
            }
            else
            {
                table._rows.Add(cells);
                table._lines.Add(start);
            }
        }

        return table.Header.Count > 0
            ? table
            : throw new DwarfException(ErrorKind.Content, $"{file}: expected a header line, found nothing");
    }

    /// <summary>Where a row (and a column) stands, for messages.</summary>
    public string Place(int row, int column = -1) => column < 0 ? $"line {_lines[row]}" : $"line {_lines[row]}, column '{Header[column]}'";

    /// <summary>The number of a column, or -1.</summary>
    public int Find(string name)
    {
        for (int i = 0; i < Header.Count; i++)
        {
            if (Header[i] == name)
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>The number of a column that must be there.</summary>
    /// <exception cref="DwarfException">it is not (content)</exception>
    public int Column(string name)
    {
        int found = Find(name);
        return found >= 0
            ? found
            : throw new DwarfException(ErrorKind.Content, $"{File}: line 1: expected a column '{name}'{Nearest.Hint(name, [.. Header])}");
    }

    private static string[] ReadRow(string text, string file, ref int position, ref int line)
    {
        var cells = new List<string>();
        while (true)
        {
            bool quoted = position < text.Length && text[position] == '"';
            cells.Add(quoted ? ReadQuoted(text, file, ref position, ref line) : ReadPlain(text, ref position));
            if (position == text.Length)
            {
                return [.. cells];
            }

            char end = text[position++];
            if (end != ',')
            {
                position += end == '\r' && position < text.Length && text[position] == '\n' ? 1 : 0;
                line++;
                return [.. cells];
            }
        }
    }

    private static string ReadPlain(string text, ref int position)
    {
        int length = text.AsSpan(position).IndexOfAny(",\r\n");
        string cell = length < 0 ? text[position..] : text.Substring(position, length);
        position += cell.Length;
        return cell;
    }

    private static string ReadQuoted(string text, string file, ref int position, ref int line)
    {
        int start = line;
        var cell = new StringBuilder();
        for (position++; position < text.Length; position++)
        {
            if (text[position] != '"')
            {
                cell.Append(text[position]);
                line += text[position] == '\n' ? 1 : 0;
            }
            else if (position + 1 < text.Length && text[position + 1] == '"')
            {
                cell.Append('"');
                position++;
            }
            else
            {
                position++;
                return position == text.Length || text[position] is ',' or '\r' or '\n'
                    ? cell.ToString()
                    : throw new DwarfException(ErrorKind.Content, $"{file}: line {line}: expected a comma after the closing quote");
            }
        }

        throw new DwarfException(ErrorKind.Content, $"{file}: line {start}: a quote is opened and never closed");
    }
}

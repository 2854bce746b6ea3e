namespace Engine.Tensors;

/// <summary>Finds the known name that a mistyped one probably meant, for error messages.</summary>
public static class Nearest
{
    /// <summary>The known name closest to <paramref name="found"/>, or null where none is near enough to be worth a hint.</summary>
    /// <param name="found">what the user wrote</param>
    /// <param name="known">the names that would have been right</param>
    public static string? Of(string found, IEnumerable<string> known)
    {
        string? best = null;
        int bestDistance = int.MaxValue;
        string word = Fold(found);
        foreach (string name in known)
        {
            int distance = Distance(word, Fold(name));
            // A third of the letters may differ: beyond that a hint misleads more than it helps.
            if (distance < bestDistance && distance <= Math.Max(1, Math.Min(word.Length, name.Length) / 3))
            {
                (best, bestDistance) = (name, distance);
            }
        }
        return best;
    }

    /// <summary>"; did you mean 'x'?", or, where nothing is near, "; known: a, b, c" for at most a dozen names, else nothing.</summary>
    /// <param name="found">what the user wrote</param>
    /// <param name="known">the names that would have been right</param>
    public static string Hint(string found, IReadOnlyCollection<string> known) => Of(found, known) switch
    {
        string name => $"; did you mean '{name}'?",
        null when known.Count is > 0 and <= 12 => "; known: " + string.Join(", ", known),
        null => "",
    };

    /// <summary>Edits (insert, drop, replace a letter, swap two neighbours) that lead from one word to the other.</summary>
    /// <param name="a">one word</param>
    /// <param name="b">the other</param>
    public static int Distance(string a, string b)
    {
        var rows = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++)
        {
            for (int j = 0; j <= b.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    rows[i, j] = i + j;
                    continue;
                }
                int replace = rows[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                rows[i, j] = Math.Min(replace, Math.Min(rows[i - 1, j], rows[i, j - 1]) + 1);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    rows[i, j] = Math.Min(rows[i, j], rows[i - 2, j - 2] + 1);
                }
            }
        }
        return rows[a.Length, b.Length];
    }

    // A hint needs no more than the first letters, and a megabyte of nonsense must not cost a terabyte of table.
    private static string Fold(string word) => word[..Math.Min(word.Length, 64)].ToLowerInvariant().Replace('-', '_');
}

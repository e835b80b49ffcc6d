namespace WorktreeIsolator.Configuration;

/// <summary>Finds the known name that a misspelt one was meant to be.</summary>
public static class Suggestion
{
    /// <summary>The known name that is nearest to a wrong one.</summary>
    /// <param name="wrong">The name that is not known.</param>
    /// <param name="known">The names that are.</param>
    /// <returns>
    /// The nearest name that at most three edits (one for up to three characters, two for up to five) turn into the wrong one, where an
    /// edit inserts, deletes or changes a character or swaps two neighbours, and case counts nothing; null if none is that near.
    /// </returns>
    public static string? For(string wrong, IEnumerable<string> known)
    {
        ArgumentNullException.ThrowIfNull(wrong);
        ArgumentNullException.ThrowIfNull(known);
        var limit = wrong.Length switch
        {
            <= 3 => 1,
            <= 5 => 2,
            _ => 3,
        };
        string? nearest = null;
        var best = limit + 1;
        foreach (var name in known)
        {
            if (Math.Abs(name.Length - wrong.Length) >= best)
            {
                continue;
            }

            var edits = Edits(wrong, name);

            // A name that shares nothing with the wrong one is no suggestion, however short both are.
            if (edits < best && edits < Math.Max(wrong.Length, name.Length))
            {
                best = edits;
                nearest = name;
            }
        }

        return nearest;
    }

    /// <summary>The end of a sentence that says what was meant, or what is allowed if nothing is near.</summary>
    internal static string Tail(string wrong, IReadOnlyCollection<string> known)
    {
        if (For(wrong, known) is { } meant)
        {
            return $"; did you mean '{meant}'?";
        }

        return known.Count == 0 ? "; nothing is allowed here" : $"; allowed {(known.Count == 1 ? "is" : "are")} {Quoted(known)}";
    }

    /// <summary>Names in quotes, with commas.</summary>
    internal static string Quoted(IEnumerable<string> names) => "'" + string.Join("', '", names) + "'";

    /// <summary>Optimal string alignment: Levenshtein's distance where swapping two neighbours is one edit.</summary>
    private static int Edits(string a, string b)
    {
        var before = new int[b.Length + 1];
        var above = new int[b.Length + 1];
        var row = new int[b.Length + 1];
        for (var j = 0; j <= b.Length; j++)
        {
            above[j] = j;
        }

        for (var i = 1; i <= a.Length; i++)
        {
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var same = Same(a[i - 1], b[j - 1]);
                row[j] = Math.Min(Math.Min(row[j - 1], above[j]) + 1, above[j - 1] + (same ? 0 : 1));
                if (i > 1 && j > 1 && Same(a[i - 1], b[j - 2]) && Same(a[i - 2], b[j - 1]))
                {
                    row[j] = Math.Min(row[j], before[j - 2] + 1);
                }
            }

            (before, above, row) = (above, row, before);
        }

        return above[b.Length];
    }

    private static bool Same(char a, char b) => char.ToLowerInvariant(a) == char.ToLowerInvariant(b);
}

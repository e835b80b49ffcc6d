namespace WorktreeIsolator.Processes;

/// <summary>Commands as a person can copy them into a shell.</summary>
public static class ShellWords
{
    private const string Harmless = "-_./=:,@+%{}";

    /// <summary>A command as a person would type it.</summary>
    public static string Command(IEnumerable<string> argv) => string.Join(' ', argv.Select(Quoted));

    /// <summary>A word for a shell, quoted only if it has to be.</summary>
    public static string Quoted(string word)
    {
        foreach (var c in word)
        {
            if (!char.IsAsciiLetterOrDigit(c) && !Harmless.Contains(c, StringComparison.Ordinal))
            {
                return $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";
            }
        }

        return word.Length > 0 ? word : "''";
    }
}

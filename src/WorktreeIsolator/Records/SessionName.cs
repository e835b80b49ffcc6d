namespace WorktreeIsolator.Records;

/// <summary>The name of a session: up to 64 ASCII letters, digits, '.', '_' and '-', beginning with a letter or a digit, so that it can stand in a branch name, a file name and an argument as it is.</summary>
public sealed record SessionName
{
    private const int MostCharacters = 64;
    private const string InDirectory = "session-";

    private SessionName(string value) => Value = value;

    /// <summary>The name.</summary>
    public string Value { get; }

    /// <summary>Short name of the session's branch. A run's is <c>wt/ID</c>, so neither is in the other's way.</summary>
    public string Branch => "wt/session/" + Value;

    /// <summary>Name of the directory of the session's worktree; no run id looks like it.</summary>
    public string WorktreeName => InDirectory + Value;

    /// <summary>Reads a name.</summary>
    /// <exception cref="WorktreeIsolatorException">It is none (<see cref="FailureKind.Usage"/>).</exception>
    public static SessionName Parse(string text) => TryParse(text) ?? throw new WorktreeIsolatorException(
        FailureKind.Usage,
        $"'{text}' is no name for a session.",
        $"Use at most {MostCharacters} letters (a-z, A-Z), digits, '.', '_' and '-', with a letter or a digit first; no '..', and neither '.' nor '.lock' at the end.");

    /// <summary>Reads a name; null if it is none. git allows no branch with two dots in a row, or with <c>.lock</c> or a dot at its end.</summary>
    public static SessionName? TryParse(string? text) =>
        text is { Length: > 0 and <= MostCharacters } && char.IsAsciiLetterOrDigit(text[0])
        && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-')
        && !text.Contains("..", StringComparison.Ordinal) && !text.EndsWith('.') && !text.EndsWith(".lock", StringComparison.Ordinal)
            ? new SessionName(text)
            : null;

    /// <summary>The session whose worktree has a directory of that name; null if it is none.</summary>
    public static SessionName? OfWorktree(string directoryName) =>
        directoryName.StartsWith(InDirectory, StringComparison.Ordinal) ? TryParse(directoryName[InDirectory.Length..]) : null;

    /// <summary>The name.</summary>
    public override string ToString() => Value;
}

namespace WorktreeIsolator.Git;

/// <summary>The short name of a local branch (<c>main</c>, <c>feat/x</c>) that git would accept.</summary>
/// <remarks>Rules: git-check-ref-format(1), and no leading dash, as for <c>git branch</c>.</remarks>
public sealed record BranchName
{
    private const string Forbidden = " ~^:?*[\\";

    private BranchName(string value) => Value = value;

    /// <summary>The short name.</summary>
    public string Value { get; }

    /// <summary>The full name: <c>refs/heads/…</c>.</summary>
    public string Ref => "refs/heads/" + Value;

    /// <summary>Reads a name.</summary>
    /// <exception cref="WorktreeIsolatorException">git would not accept it (<see cref="FailureKind.Usage"/>).</exception>
    public static BranchName Parse(string text) => TryParse(text) ?? throw new WorktreeIsolatorException(
        FailureKind.Usage,
        $"'{text}' is not a valid branch name.",
        "See git-check-ref-format(1): no spaces, no '..', none of ~ ^ : ? * [ \\, no leading '-' or '.', not 'HEAD'.");

    /// <summary>Reads a name; null if git would not accept it.</summary>
    public static BranchName? TryParse(string? text)
    {
        if (string.IsNullOrEmpty(text) || text[0] == '-' || text is "HEAD" or "@" || text.EndsWith('.')
            || text.Contains("..", StringComparison.Ordinal) || text.Contains("@{", StringComparison.Ordinal))
        {
            return null;
        }

        foreach (var c in text)
        {
            if (c is < ' ' or '\x7f' || Forbidden.Contains(c, StringComparison.Ordinal))
            {
                return null;
            }
        }

        foreach (var part in text.Split('/'))
        {
            if (part.Length == 0 || part[0] == '.' || part.EndsWith(".lock", StringComparison.Ordinal))
            {
                return null;
            }
        }

        return new BranchName(text);
    }

    /// <summary>The branch that a full ref name stands for; null if it is none.</summary>
    public static BranchName? FromRef(string? refName) =>
        refName is not null && refName.StartsWith("refs/heads/", StringComparison.Ordinal) ? TryParse(refName["refs/heads/".Length..]) : null;

    /// <summary>The short name.</summary>
    public override string ToString() => Value;
}

namespace WorktreeIsolator.Git;

/// <summary>The full object id of a commit: 40 (SHA-1) or 64 (SHA-256) lower-case hexadecimal digits.</summary>
public readonly record struct CommitId
{
    private readonly string? _value;

    private CommitId(string value) => _value = value;

    /// <summary>The first twelve digits, for messages.</summary>
    public string Abbreviated => ToString()[..12];

    /// <summary>The object id that stands for "no such ref" in update-ref, as long as this one.</summary>
    internal string Zero => new('0', ToString().Length);

    /// <summary>Reads a full object id.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static CommitId Parse(string text) => TryParse(text) ?? throw new FormatException($"'{text}' is no full object id.");

    /// <summary>Reads a full object id; null if it is none.</summary>
    public static CommitId? TryParse(string? text) =>
        text is { Length: 40 or 64 } && text.All(char.IsAsciiHexDigitLower) ? new CommitId(text) : null;

    /// <summary>All digits.</summary>
    public override string ToString() => _value ?? throw new InvalidOperationException("This commit id was never set.");
}

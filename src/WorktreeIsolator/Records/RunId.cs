namespace WorktreeIsolator.Records;

/// <summary>The name of one run: twelve random hexadecimal digits.</summary>
public readonly record struct RunId
{
    /// <summary>How many digits an id has.</summary>
    public const int Length = 12;

    /// <summary>How many digits of an id are needed at least to name a run.</summary>
    public const int ShortestPrefix = 4;

    private readonly string? _value;

    private RunId(string value) => _value = value;

    /// <summary>Makes a new id: the last of a random GUID's digits, which are the kernel's. To ask the cryptographic classes for them loads OpenSSL.</summary>
    public static RunId New() => new(Guid.NewGuid().ToString("N")[^Length..]);

    /// <summary>Reads an id; null if it is none.</summary>
    public static RunId? TryParse(string? text) =>
        text is { Length: Length } && text.All(char.IsAsciiHexDigitLower) ? new RunId(text) : null;

    /// <summary>Whether a text could be the beginning of an id.</summary>
    public static bool IsPrefix(string text) =>
        text.Length is >= ShortestPrefix and <= Length && text.All(char.IsAsciiHexDigitLower);

    /// <summary>The twelve digits.</summary>
    public override string ToString() => _value ?? throw new InvalidOperationException("This run id was never set.");
}

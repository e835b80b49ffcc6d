namespace WorktreeIsolator.Configuration.Toml;

/// <summary>A document is not TOML 1.0. The message is a clause without the place; it never quotes a value, which may be a secret.</summary>
internal sealed class TomlSyntaxException(TomlPosition position, string message)
    : WorktreeIsolatorException(FailureKind.Configuration, message)
{
    public TomlPosition Position { get; } = position;
}

namespace WorktreeIsolator.Cli.Syntax;

/// <summary>The command line is wrong.</summary>
internal sealed class UsageException(string message, string? hint = null) : WorktreeIsolatorException(FailureKind.Usage, message, hint);

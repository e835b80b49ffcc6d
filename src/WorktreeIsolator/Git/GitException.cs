namespace WorktreeIsolator.Git;

/// <summary>git could not do what was asked. The message holds the command, its exit code and all that git said.</summary>
public sealed class GitException : WorktreeIsolatorException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="arguments">The arguments that git was given, without the program's name.</param>
    /// <param name="exitCode">git's exit code; 128 + signal if a signal ended it.</param>
    /// <param name="error">What git wrote to standard error.</param>
    /// <param name="hint">What to do next, if that is known.</param>
    public GitException(IReadOnlyList<string> arguments, int exitCode, string error, string? hint = null)
        : base(FailureKind.Git, Describe(arguments, exitCode, error), hint)
    {
        Arguments = arguments;
        ExitCode = exitCode;
        Error = error;
    }

    /// <summary>The arguments that git was given.</summary>
    public IReadOnlyList<string> Arguments { get; }

    /// <summary>git's exit code; 128 + signal if a signal ended it.</summary>
    public int ExitCode { get; }

    /// <summary>What git wrote to standard error.</summary>
    public string Error { get; }

    /// <summary>Whether a signal ended it.</summary>
    public bool WasKilled => GitResult.IsSignal(ExitCode);

    private static string Describe(IReadOnlyList<string> arguments, int exitCode, string error)
    {
        var said = error.Trim();
        var how = GitResult.IsSignal(exitCode) ? $"was ended by signal {exitCode - 128}" : $"failed with exit code {exitCode}";
        return $"'git {string.Join(' ', arguments)}' {how}" + (said.Length == 0 ? "." : $":\n{said}");
    }
}

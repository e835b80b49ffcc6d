namespace WorktreeIsolator;

/// <summary>What kind of inability a <see cref="WorktreeIsolatorException"/> reports; the command maps it to an exit code.</summary>
public enum FailureKind
{
    /// <summary>The request itself is wrong: a flag, a name, a run id.</summary>
    Usage,

    /// <summary>The configuration is wrong or does not fit the repository.</summary>
    Configuration,

    /// <summary>git could not do what was asked, or is too old.</summary>
    Git,

    /// <summary>A lock could not be had in time.</summary>
    Lock,

    /// <summary>The operating system refused: disk full, no permission, a missing file.</summary>
    System,

    /// <summary>The project's <c>setup</c> command failed.</summary>
    Setup,

    /// <summary>The run's worktree is gone or is no longer the one that was made.</summary>
    WorktreeVanished,

    /// <summary>The engine's program was found but may not be executed.</summary>
    EngineNotExecutable,

    /// <summary>The engine's program was not found.</summary>
    EngineNotFound,
}

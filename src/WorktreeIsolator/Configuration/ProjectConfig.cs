namespace WorktreeIsolator.Configuration;

/// <summary>A directory in which runs work: <c>[projects.NAME]</c>.</summary>
public sealed record ProjectConfig
{
    /// <summary>The project's name.</summary>
    public required string Name { get; init; }

    /// <summary>Absolute path of the project's directory; may lie below the top of its repository.</summary>
    public required string Path { get; init; }

    /// <summary>Where temporary worktrees are made; a relative path is relative to the top of the project's main worktree.</summary>
    public string WorktreesDir { get; init; } = ".worktrees";

    /// <summary>The ref that a worktree starts from; null for the remote's HEAD, else the current branch.</summary>
    public string? WorktreeBase { get; init; }

    /// <summary>The engine for runs that name none; null for the file's <see cref="ConfigFile.DefaultEngine"/>.</summary>
    public string? DefaultEngine { get; init; }

    /// <summary>Whether runs that cron or a webhook starts get a worktree of their own.</summary>
    public bool TriggerWorktree { get; init; }

    /// <summary>Whether runs that a person starts get a worktree of their own.</summary>
    public bool UserWorktree { get; init; }

    /// <summary>Whether in-place runs may work at the same time; otherwise they wait their turn.</summary>
    public bool Concurrent { get; init; } = true;

    /// <summary>Names of processes that count as an active user run when they work in <see cref="Path"/>.</summary>
    public IReadOnlyList<string> PeerProcesses { get; init; } = [];

    /// <summary>Whether the remote is fetched before a worktree is made.</summary>
    public FetchMode Fetch { get; init; } = FetchMode.Auto;

    /// <summary>Whether the repository's own hooks run in the git steps of wt-run.</summary>
    public HookMode Hooks { get; init; } = HookMode.Run;

    /// <summary>Patterns of ignored files to copy into a new worktree, relative to the top of the main worktree.</summary>
    public IReadOnlyList<string> Copy { get; init; } = [];

    /// <summary>Patterns of ignored files and directories to link into a new worktree.</summary>
    public IReadOnlyList<string> Link { get; init; } = [];

    /// <summary>The command that prepares a new worktree, as program and arguments; empty for none.</summary>
    public IReadOnlyList<string> Setup { get; init; } = [];

    /// <summary>How long <see cref="Setup"/> may take, and the repository's post-checkout hook before it; more than zero.</summary>
    public TimeSpan SetupTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Whether submodules are checked out in a worktree.</summary>
    public bool Submodules { get; init; }

    /// <summary>What becomes of changes that an engine leaves uncommitted.</summary>
    public UncommittedWork Uncommitted { get; init; } = UncommittedWork.Commit;

    /// <summary>What becomes of a run's commits.</summary>
    public MergeBackPolicy MergeBack { get; init; } = MergeBackPolicy.Merge;

    /// <summary>The branch that a run's work lands on; null for the branch of the base.</summary>
    public string? MergeTarget { get; init; }

    /// <summary>How a run's commits get onto the target.</summary>
    public MergeStyle MergeStyle { get; init; } = MergeStyle.Merge;

    /// <summary>The command that must end with 0 on exactly what would land, as program and arguments; empty for none.</summary>
    public IReadOnlyList<string> Verify { get; init; } = [];

    /// <summary>How long <see cref="Verify"/> may take; more than zero.</summary>
    public TimeSpan VerifyTimeout { get; init; } = TimeSpan.FromMinutes(20);

    /// <summary>How long landing waits while someone works in the target's checkout; zero does not wait.</summary>
    public TimeSpan LandWait { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>The remote to push to.</summary>
    public string PushRemote { get; init; } = "origin";

    /// <summary>With <see cref="MergeBackPolicy.Push"/>: whether the merged target is pushed instead of the run branch.</summary>
    public bool PushTarget { get; init; }

    /// <summary>A command to start after a push, as program and arguments; <c>{branch}</c> stands for the branch. Empty for none.</summary>
    public IReadOnlyList<string> AfterPush { get; init; } = [];

    /// <summary>How long <see cref="AfterPush"/> may take; more than zero.</summary>
    public TimeSpan AfterPushTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Whether the worktree of a failed run is kept.</summary>
    public bool KeepOnFailure { get; init; }

    /// <summary>Patterns of ignored files that are kept with a run's record.</summary>
    public IReadOnlyList<string> Artifacts { get; init; } = [];

    /// <summary>How many worktrees may exist at once; further runs wait.</summary>
    public int MaxWorktrees { get; init; } = 8;

    /// <summary>Names of processes that a run may start and leave behind.</summary>
    public IReadOnlyList<string> KeepProcesses { get; init; } = ["gpg-agent"];

    /// <summary>How many bytes of untracked files are rescued; beyond it the worktree is kept instead.</summary>
    public long RescueLimit { get; init; } = 100L * 1024 * 1024;

    /// <summary>Worktrees that are kept ready for reuse.</summary>
    public PoolConfig Pool { get; init; } = new();
}

/// <summary>Warm worktrees of a project: <c>[projects.NAME.pool]</c>.</summary>
public sealed record PoolConfig
{
    /// <summary>How many worktrees are kept ready; zero for none.</summary>
    public int Size { get; init; }

    /// <summary>Patterns of ignored paths that survive reuse.</summary>
    public IReadOnlyList<string> Keep { get; init; } = [];

    /// <summary>Patterns of files whose change makes the project's setup run again.</summary>
    public IReadOnlyList<string> SetupInputs { get; init; } = [];
}

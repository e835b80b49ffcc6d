using WorktreeIsolator.Configuration;
using WorktreeIsolator.Engines;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.Runs;

/// <summary>What to do if the run would have to wait.</summary>
public enum IfBusy
{
    /// <summary>Wait, as long as <see cref="RunRequest.WaitTimeout"/> says.</summary>
    Wait,

    /// <summary>End at once, as skipped.</summary>
    Skip,
}

/// <summary>One request for a run, from a person, a schedule or a webhook; immutable, copied to change.</summary>
public sealed record RunRequest
{
    /// <summary>The project to run in.</summary>
    public required ProjectConfig Project { get; init; }

    /// <summary>What to run.</summary>
    public required EngineDefinition Engine { get; init; }

    /// <summary>What asks for the run.</summary>
    public Trigger Trigger { get; init; } = new(TriggerKind.User);

    /// <summary>The text for the engine; null for none.</summary>
    public string? Prompt { get; init; }

    /// <summary>True and false override every setting; null leaves it to them.</summary>
    public bool? Worktree { get; init; }

    /// <summary>The trigger's own <c>worktree</c> key; null if it has none.</summary>
    public bool? TriggerWorktree { get; init; }

    /// <summary>The session to run in, which always means its worktree; null for a run by itself.</summary>
    public SessionName? Session { get; init; }

    /// <summary>Branch, tag or commit to start from; null for the project's <c>worktree_base</c>.</summary>
    public string? Base { get; init; }

    /// <summary>Short name of the run branch; null for <c>wt/ID</c>.</summary>
    public string? Branch { get; init; }

    /// <summary>Overrides the project's <c>merge_back</c>.</summary>
    public MergeBackPolicy? MergeBack { get; init; }

    /// <summary>Overrides the engine's <c>timeout</c>.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>What to do if the run would have to wait.</summary>
    public IfBusy IfBusy { get; init; } = IfBusy.Wait;

    /// <summary>
    /// How long to wait at most, for everything together; zero tries once. Null: 10 minutes for turns and places, and for an engine's <c>lock</c> what
    /// its <c>lock_timeout</c> says.
    /// </summary>
    public TimeSpan? WaitTimeout { get; init; }

    /// <summary>How long to wait for the repository lock at most; it is normally held for milliseconds.</summary>
    public TimeSpan RepositoryLockTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Whether the engine gets the terminal.</summary>
    public bool Interactive { get; init; }
}

namespace WorktreeIsolator.Records;

/// <summary>A worktree and a branch that stay from one run to the next, until they are landed or dropped; what <c>session.json</c> holds.</summary>
public sealed record Session
{
    /// <summary>The version of this format that this program writes.</summary>
    public const int CurrentVersion = 1;

    /// <summary>Format version.</summary>
    public int Version { get; init; } = CurrentVersion;

    /// <summary>Its name (<see cref="SessionName"/>).</summary>
    public required string Name { get; init; }

    /// <summary>Short name of its branch.</summary>
    public required string Branch { get; init; }

    /// <summary>Absolute path of its worktree.</summary>
    public required string Worktree { get; init; }

    /// <summary>Whether the worktree has been made and set up; false while it is made anew, and no engine has run in it then.</summary>
    public bool HasWorktree { get; init; }

    /// <summary>What it began from.</summary>
    public required BaseInfo Base { get; init; }

    /// <summary>What is to happen to its work: <c>merge</c>, <c>push</c>, <c>branch</c> or <c>none</c>.</summary>
    public required string Policy { get; init; }

    /// <summary>Short name of the branch to land on, or <c>remote/branch</c>; null if there is none.</summary>
    public string? Target { get; init; }

    /// <summary>The latest run that worked in it: landing and dropping the session go by its record.</summary>
    public required string LastRun { get; init; }

    /// <summary>When it began.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>When a run of it last began or ended.</summary>
    public DateTimeOffset LastUsedAt { get; init; }
}

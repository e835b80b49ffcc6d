namespace WorktreeIsolator.Isolation;

/// <summary>Where a run will run, with the reason in words.</summary>
/// <param name="Reason">The rule that decided, as a person would say it: <c>trigger_worktree = true for cron runs</c>.</param>
public abstract record IsolationDecision(string Reason);

/// <summary>The run gets a worktree of its own.</summary>
public sealed record UseWorktree(string Reason) : IsolationDecision(Reason);

/// <summary>The run works in the project's own directory.</summary>
public sealed record RunInPlace(string Reason) : IsolationDecision(Reason);

/// <summary>The run cannot be had as it was asked for.</summary>
/// <param name="Reason">What contradicts what.</param>
/// <param name="Hint">What to change.</param>
public sealed record Refuse(string Reason, string Hint) : IsolationDecision(Reason);

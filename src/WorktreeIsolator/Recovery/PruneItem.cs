namespace WorktreeIsolator.Recovery;

/// <summary>One thing that <see cref="Pruner"/> took, or found and left.</summary>
/// <param name="Kind">
/// What it is: <c>run</c> (one that died), <c>session</c>, <c>worktree</c>, <c>directory</c> (in a directory for worktrees, but none that git knows),
/// <c>registration</c>, <c>trash</c>, <c>branch</c>, <c>ref</c>, <c>record</c>.
/// </param>
/// <param name="Name">Its id, path or ref.</param>
/// <param name="IsTaken">Whether it was (in a dry run: would be) taken.</param>
/// <param name="Reason">Why, in words.</param>
public sealed record PruneItem(string Kind, string Name, bool IsTaken, string Reason);

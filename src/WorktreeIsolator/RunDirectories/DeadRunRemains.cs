namespace WorktreeIsolator.RunDirectories;

/// <summary>What keeps a dead run from being over.</summary>
/// <param name="Why">As sentences.</param>
/// <param name="AtWork">
/// Processes that were asked to end and have time left for it; none if whoever is ending them has seen the last one gone. Null if waiting helps nobody.
/// </param>
internal sealed record DeadRunRemains(string Why, IReadOnlyList<string>? AtWork = null);

using WorktreeIsolator.Records;

namespace WorktreeIsolator.Recovery;

/// <summary>A run that died, or of which a landing or dropping died, and what recovery could do about it.</summary>
/// <param name="Record">Its record.</param>
/// <param name="WhyNotOver">What is left of it, as sentences; null if it has been brought to its end.</param>
/// <param name="AtWork">
/// Processes of it that were asked to end and have time left for it: <c>engine claude (pid 4711)</c>. Whoever recovers next goes on with that. Null if there
/// are none, or waiting for them helps nobody; none in the list if someone else is keeping what they made.
/// </param>
/// <param name="IsInOtherHands">Whether someone else is just ending it.</param>
public sealed record RecoveredRun(RunRecord Record, string? WhyNotOver = null, IReadOnlyList<string>? AtWork = null, bool IsInOtherHands = false);

namespace WorktreeIsolator.Processes;

/// <summary>A process and the name under which the kernel lists it.</summary>
internal sealed record NamedProcess(ProcessIdentity Identity, string Name)
{
    public override string ToString() => $"{Name} ({Identity.Pid})";
}

/// <summary>How the ending of a run's processes came out. The root process itself is in none of the first two lists.</summary>
/// <param name="Ended">Those that were sent a signal and are gone.</param>
/// <param name="Kept">Those that still run because they are to be kept.</param>
/// <param name="NotEnded">Those that still run although they should not: another user's, hidden, or stuck in the kernel.</param>
/// <param name="Killed">Whether SIGKILL was needed.</param>
internal sealed record TreeEnd(
    IReadOnlyList<NamedProcess> Ended, IReadOnlyList<NamedProcess> Kept, IReadOnlyList<NamedProcess> NotEnded, bool Killed)
{
    public bool AllGone => NotEnded.Count == 0;

    /// <summary>Whether those that still run have time left to end by themselves: whoever asked was not to wait for that.</summary>
    public bool IsOngoing { get; init; }

    /// <summary>The last gentle signal that all of them were sent; null if there was none.</summary>
    public SentSignal? LastSent { get; init; }
}

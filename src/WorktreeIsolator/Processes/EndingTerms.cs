namespace WorktreeIsolator.Processes;

/// <summary>
/// How long whoever ends the processes of a dead run stays with it. The grace may be longer than anyone who just came by wants to wait: then the next one
/// goes on where this one stopped, and nobody is sent a signal twice.
/// </summary>
internal sealed record EndingTerms
{
    /// <summary>
    /// How long to wait for processes that were sent a gentle signal; <see cref="Timeout.InfiniteTimeSpan"/> for as long as it takes. Those that are killed are
    /// waited for in any case, some seconds at most.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Any other negative time: what is left of a wait that is over is zero, not endless.</exception>
    public TimeSpan Patience
    {
        get;
        init => field = Require(value);
    } = Timeout.InfiniteTimeSpan;

    /// <summary>Ends the wait.</summary>
    public CancellationToken Cancel { get; init; }

    /// <summary>The last gentle signal that someone before us sent to all of them; null if nobody did.</summary>
    public SentSignal? Last { get; init; }

    /// <summary>Is told of each gentle signal as soon as all were sent it, and who they are.</summary>
    public Action<SentSignal, IReadOnlyList<ProcessIdentity>>? Sent { get; init; }

    /// <summary>Lets no negative time pass for an endless one.</summary>
    public static TimeSpan Require(TimeSpan patience)
    {
        if (patience != Timeout.InfiniteTimeSpan)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(patience, TimeSpan.Zero);
        }

        return patience;
    }
}

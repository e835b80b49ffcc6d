namespace WorktreeIsolator.Platform;

/// <summary>The one place that lets time pass; every use sits in a loop that looks at a state and has a deadline.</summary>
internal static class Waiting
{
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    /// <summary>
    /// How long to pause after a look that may read about every process of the machine: so long that who waits for hours takes less than half a percent of a core.
    /// </summary>
    /// <param name="look">How long that look took.</param>
    /// <param name="waited">How long it has waited by now: who has waited for long may notice the end a tenth of that later, for many may wait.</param>
    public static TimeSpan PauseAfter(TimeSpan look, TimeSpan waited = default)
    {
        const int PauseForLook = 300;
        const int PartOfWait = 10;
        return TimeSpan.FromTicks(Math.Clamp(Math.Max(look.Ticks * PauseForLook, waited.Ticks / PartOfWait), ShortestPause.Ticks, LongestPause.Ticks));
    }

    /// <summary>Lets time pass; none if it is over already. (To the runtime, one more than a millisecond below zero would mean for ever.)</summary>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public static void Pause(TimeSpan time, CancellationToken cancellation)
    {
        if (cancellation.WaitHandle.WaitOne(time > TimeSpan.Zero ? time : TimeSpan.Zero))
        {
            cancellation.ThrowIfCancellationRequested();
        }
    }
}

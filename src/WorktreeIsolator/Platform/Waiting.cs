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
    public static TimeSpan PauseAfter(TimeSpan look)
    {
        const int PauseForLook = 300;
        return TimeSpan.FromTicks(Math.Clamp(look.Ticks * PauseForLook, ShortestPause.Ticks, LongestPause.Ticks));
    }

    /// <summary>Lets time pass.</summary>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public static void Pause(TimeSpan time, CancellationToken cancellation)
    {
        if (cancellation.WaitHandle.WaitOne(time))
        {
            cancellation.ThrowIfCancellationRequested();
        }
    }
}

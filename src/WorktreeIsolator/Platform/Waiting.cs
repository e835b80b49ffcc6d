namespace WorktreeIsolator.Platform;

/// <summary>The one place that lets time pass; every use sits in a loop that looks at a state and has a deadline.</summary>
internal static class Waiting
{
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

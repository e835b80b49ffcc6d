using WorktreeIsolator.Platform;

namespace TestEngine;

internal static class Pause
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(10);

    public static void For(TimeSpan time) => Waiting.Pause(time, CancellationToken.None);

    /// <summary>With a limit, so that no engine outlives a test that failed.</summary>
    public static void Until(Func<bool> condition)
    {
        var clock = System.Diagnostics.Stopwatch.StartNew();
        while (!condition() && clock.Elapsed < Longest)
        {
            For(Step);
        }
    }
}

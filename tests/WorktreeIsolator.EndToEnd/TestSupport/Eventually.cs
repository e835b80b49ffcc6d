using System.Diagnostics;
using WorktreeIsolator.Platform;

namespace WorktreeIsolator.EndToEnd.TestSupport;

/// <summary>Waits for a state, with a deadline that only a failure reaches.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(5);

    public static void True(Func<bool> condition, string what, TimeSpan? within = null)
    {
        var clock = Stopwatch.StartNew();
        while (!condition())
        {
            if (clock.Elapsed > (within ?? Deadline))
            {
                throw new TimeoutException($"Still not so after {clock.Elapsed.TotalSeconds:0.0} s: {what}");
            }

            Waiting.Pause(Step, CancellationToken.None);
        }
    }

    /// <summary>The first value that is not null.</summary>
    public static T Value<T>(Func<T?> find, string what, TimeSpan? within = null)
        where T : class
    {
        T? found = null;
        True(() => (found = find()) is not null, what, within);
        return found!;
    }
}

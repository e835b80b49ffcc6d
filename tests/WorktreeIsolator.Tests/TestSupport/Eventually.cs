using System.Diagnostics;
using WorktreeIsolator.Platform;

namespace WorktreeIsolator.Tests.TestSupport;

/// <summary>Waits for a state, with a deadline that only a failure reaches.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(5);

    public static void True(Func<bool> condition, string what, TimeSpan? within = null) => True(condition, () => what, within);

    public static void True(Func<bool> condition, Func<string> what, TimeSpan? within = null)
    {
        var clock = Stopwatch.StartNew();
        while (!condition())
        {
            if (clock.Elapsed > (within ?? Deadline))
            {
                throw new TimeoutException($"Still not so after {clock.Elapsed.TotalSeconds:0.0} s: {what()}");
            }

            Waiting.Pause(Step, CancellationToken.None);
        }
    }

    /// <summary>The text of a file as soon as it exists; its writer makes it appear complete.</summary>
    public static string Text(string file)
    {
        True(() => File.Exists(file), $"'{file}' exists");
        return File.ReadAllText(file);
    }
}

namespace WorktreeIsolator.Processes;

/// <summary>
/// How long whoever waits for processes that are none of his children rests between two looks: a look may mean to look at every process of the machine, and
/// many may wait at the same time.
/// </summary>
internal static class LookPause
{
    /// <summary>How many times as long as a look takes it rests until the next one.</summary>
    private const int Proportion = 300;

    /// <summary>Who has waited for long may notice the end that much later, as a part of the wait: many may wait, and each look costs the same.</summary>
    private const int PartOfWait = 10;

    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(2);

    /// <summary>The pause after a look.</summary>
    /// <param name="look">How long the look took.</param>
    /// <param name="waited">How long it has waited by now.</param>
    public static TimeSpan After(TimeSpan look, TimeSpan waited = default) =>
        TimeSpan.FromTicks(Math.Clamp(Math.Max(look.Ticks * Proportion, waited.Ticks / PartOfWait), Shortest.Ticks, Longest.Ticks));
}

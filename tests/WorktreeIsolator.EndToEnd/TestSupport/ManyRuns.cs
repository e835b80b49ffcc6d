namespace WorktreeIsolator.EndToEnd.TestSupport;

/// <summary>Programs that run side by side; disposing kills those that still run.</summary>
internal sealed class ManyRuns(int count, Func<int, BackgroundRun> start) : IDisposable
{
    private readonly List<BackgroundRun> _runs = [.. Enumerable.Range(0, count).Select(start)];

    /// <summary>Waits for all of them.</summary>
    /// <param name="within">How long for each at most; five minutes if nothing is said.</param>
    public List<Finished> Wait(TimeSpan? within = null) => _runs.ConvertAll(run => run.Wait(within ?? TimeSpan.FromMinutes(5)));

    public void Dispose() => _runs.ForEach(run => run.Dispose());
}

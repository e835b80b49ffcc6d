using WorktreeIsolator.Configuration;
using WorktreeIsolator.Git;
using WorktreeIsolator.Notifications;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Queueing;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.Runs;

/// <summary>
/// Lands the work of runs that found their target busy, oldest first, when a run in place has left the checkout in which it is. It waits for
/// nobody: what is busy again, or whose worktree someone has entered, stays as it is, for the next one who leaves or for a person.
/// </summary>
internal sealed class PendingLandings(ProjectConfig project, RunnerOptions options, Repository repository, RunStore store)
{
    /// <summary>Lands what can be landed, and tells the observer of each.</summary>
    /// <param name="cancel">Breaks it off; what was not landed yet stays.</param>
    /// <param name="kill">Kills a verify command that takes too long to stop.</param>
    public void Land(CancellationToken cancel, CancellationToken kill)
    {
        try
        {
            var pending = store.ReadPending();
            var others = pending.Count == 0 ? [] : CheckedOutElsewhere();
            foreach (var record in pending.Where(record => !others.Contains($"refs/heads/{record.MergeBack!.Target}")))
            {
                if (cancel.IsCancellationRequested || !IsTurnFree())
                {
                    return;
                }

                Land(record, cancel, kill);
            }
        }
        catch (Exception e) when (e is WorktreeIsolatorException or IOException or UnauthorizedAccessException)
        {
            options.Observer.Warning($"Work of other runs that waits to be landed was left as it is: {e.Message}");
        }
    }

    private void Land(RunRecord record, CancellationToken cancel, CancellationToken kill)
    {
        var owner = record.Project == project.Name ? project : options.Projects.GetValueOrDefault(record.Project);
        if (owner is null || (record.Kept is { } kept && ProcessesInDirectory.Find(kept.Path).Count > 0))
        {
            return;
        }

        try
        {
            // Whoever sees our run is told how it ends, not each step on the way.
            if (Relanding.TryLandPending(owner, record, options with { Observer = RunObserver.None }, cancel, kill) is { } landed)
            {
                options.Observer.LandedLater(landed);
                new Notifier(owner, options, store).Tell(landed, cancel, kill);
            }
        }
        catch (OperationCanceledException)
        {
            // It waits as before.
        }
        catch (Exception e) when (e is WorktreeIsolatorException or IOException or UnauthorizedAccessException)
        {
            options.Observer.Warning($"The work of run {record.Id[..8]} still waits to be landed: {e.Message}");
        }
    }

    /// <summary>Branches in whose checkout another run in place may be at work; that one sees to them.</summary>
    private HashSet<string> CheckedOutElsewhere() =>
        [.. WorktreeList.Read(repository).Where(entry => entry.Path != repository.Top).Select(entry => entry.BranchRef).OfType<string>()];

    /// <summary>A landing that will find the next run at work would check out, merge and verify for nothing.</summary>
    private bool IsTurnFree()
    {
        using var turn = DirectoryTurn.TryTake(
            DirectoryTurn.PathFor(store.StateDirectory, repository.GitDirectory), shared: false, $"landing, pid {Environment.ProcessId}");
        return turn is not null;
    }
}

using System.Diagnostics;
using WorktreeIsolator.Configuration;
using WorktreeIsolator.Git;
using WorktreeIsolator.MergeBack;
using WorktreeIsolator.Notifications;
using WorktreeIsolator.Platform;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Records;
using WorktreeIsolator.RunDirectories;

namespace WorktreeIsolator.Runs;

/// <summary>
/// Lands the work of runs that found their target busy, oldest first, when a run in place has left the checkout in which it is. It waits for
/// nobody: what is busy again, whose worktree someone has entered, or what would touch files that the user has changed, stays as it is, for the next
/// one who leaves or for a person.
/// </summary>
internal sealed class PendingLandings(ProjectConfig project, RunnerOptions options, Repository repository, RunStore store)
{
    /// <summary>For how long those who wait for the working tree are kept from it before yet another landing begins.</summary>
    private static readonly TimeSpan LongestHold = TimeSpan.FromMinutes(1);

    private readonly Dictionary<string, Checkout> _checkouts = new(StringComparer.Ordinal);

    /// <summary>Lands what can be landed, and tells the observer of each.</summary>
    /// <param name="place">Keeps others from the working tree until it is disposed; null if nothing does.</param>
    /// <param name="cancel">Breaks it off; what was not landed yet stays.</param>
    /// <param name="kill">Kills a verify command that takes too long to stop.</param>
    /// <returns>The records that changed, for <see cref="Tell"/>.</returns>
    public IReadOnlyList<RunRecord> Land(IDisposable? place, CancellationToken cancel, CancellationToken kill)
    {
        var clock = Stopwatch.StartNew();
        var changed = new List<RunRecord>();
        try
        {
            var pending = store.ReadPending();
            var others = pending.Count == 0 ? [] : CheckedOutElsewhere();
            foreach (var record in pending.Where(record => !others.Contains($"refs/heads/{record.MergeBack!.Target}")))
            {
                if (place is not null && clock.Elapsed > LongestHold)
                {
                    // A verify command may take its time. Each who ends lands one at least.
                    break;
                }

                if (!cancel.IsCancellationRequested && TryLand(record, cancel, kill) is { } landed)
                {
                    changed.Add(landed);
                    options.Observer.LandedLater(landed);
                }
            }
        }
        catch (Exception e) when (e is WorktreeIsolatorException or IOException or UnauthorizedAccessException)
        {
            options.Observer.Warning($"Work of other runs that waits to be landed was left as it is: {e.Message}");
        }

        return changed;
    }

    /// <summary>Notifies of what has landed, or needs a person now.</summary>
    public void Tell(IReadOnlyList<RunRecord> changed, CancellationToken cancel, CancellationToken kill)
    {
        foreach (var record in changed)
        {
            new Notifier(OwnerOf(record)!, options, store).Tell(record, cancel, kill);
        }
    }

    /// <summary>Lands the work of one run, if nothing is in the way.</summary>
    /// <returns>The record; null if it waits as before.</returns>
    public RunRecord? TryLand(RunRecord record, CancellationToken cancel, CancellationToken kill)
    {
        var owner = OwnerOf(record);
        if (owner is null || (record.Kept is { } kept && ProcessesInDirectory.Find(kept.Path).Count > 0))
        {
            return null;
        }

        try
        {
            // Whoever sees our run is told how it ends, not each step on the way.
            return IsInTheWay(owner, record, cancel) ? null : Relanding.TryLandPending(owner, record, options with { Observer = RunObserver.None }, cancel, kill);
        }
        catch (OperationCanceledException)
        {
            return null;
        }
        catch (Exception e) when (e is WorktreeIsolatorException or IOException or UnauthorizedAccessException)
        {
            options.Observer.Warning($"The work of run {record.Id[..8]} still waits to be landed: {e.Message}");
            return null;
        }
    }

    private ProjectConfig? OwnerOf(RunRecord record) => record.Project == project.Name ? project : options.Projects.GetValueOrDefault(record.Project);

    /// <summary>Branches in whose checkout another run in place may be at work; that one sees to them.</summary>
    private HashSet<string> CheckedOutElsewhere() =>
        [.. WorktreeList.Read(repository).Where(entry => entry.Path != repository.Top).Select(entry => entry.BranchRef).OfType<string>()];

    /// <summary>A landing that is refused in the end would check out, merge and verify for nothing, each time that a run in place ends.</summary>
    private bool IsInTheWay(ProjectConfig owner, RunRecord record, CancellationToken cancel)
    {
        if (record.MergeBack is not { Target: { } name, Commit: { } commit } || BranchName.TryParse(name) is not { } target)
        {
            return false;
        }

        if (!_checkouts.TryGetValue(name, out var checkout))
        {
            var landing = new Landing(
                repository, owner, target, record.Id, static _ => { }, tree => DeadRun.EndThoseInPlace(store, tree, options.Environment, owner.KeepProcesses, cancel));
            var git = landing.FindCheckout(out var obstacle);
            checkout = new Checkout(obstacle is not null, git is null || obstacle is not null ? null : WorktreeStatus.Read(git));
            _checkouts.Add(name, checkout);
        }

        return checkout.IsBusy || (checkout.Status is { } status && status.Touches(ChangedBy(target, commit)));
    }

    /// <summary>Paths that the work changes, from where it left its target; none if it has nothing in common with that.</summary>
    private string[] ChangedBy(BranchName target, string commit)
    {
        var result = repository.Git.ReadOnly().Try(["diff", "--name-only", "--no-renames", "-z", $"{target.Ref}...{commit}"]);
        return result.Succeeded ? ByteText.Decode(result.RawOutput).Split('\0', StringSplitOptions.RemoveEmptyEntries) : [];
    }

    /// <summary>A target's checkout, as it was found when the first landing on it was about to begin.</summary>
    /// <param name="IsBusy">Someone works there, or it cannot be moved.</param>
    /// <param name="Status">What the user has changed in it; null if it is busy, or the target is checked out nowhere.</param>
    private sealed record Checkout(bool IsBusy, WorktreeStatus? Status);
}

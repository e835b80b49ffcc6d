using WorktreeIsolator.Configuration;
using WorktreeIsolator.Git;
using WorktreeIsolator.Records;
using WorktreeIsolator.RunDirectories;

namespace WorktreeIsolator.Recovery;

/// <summary>
/// Clears away what dead and old runs left: it brings the dead to their end, then takes worktrees, half-made registrations, trash and refs
/// that belong to no living run and hold nothing, and last, by age, rescue refs and records. Whatever it finds and leaves says why.
/// </summary>
public sealed class Pruner
{
    private readonly RunnerOptions _options;
    private readonly RetentionConfig _retention;

    /// <summary>Creates a pruner.</summary>
    /// <param name="options">What all runs share.</param>
    /// <param name="retention">How old things may get.</param>
    public Pruner(RunnerOptions options, RetentionConfig retention)
    {
        _options = options;
        _retention = retention;
    }

    /// <summary>Prunes one project.</summary>
    /// <param name="project">The project; its directory exists.</param>
    /// <param name="dryRun">Whether to say only what would happen.</param>
    /// <param name="cancel">Ends it before the next thing is taken.</param>
    /// <param name="kill">Breaks off commands of git that take too long.</param>
    /// <returns>What was taken, and what was found and left, each with its reason.</returns>
    /// <exception cref="OperationCanceledException">It was cancelled; what was taken is gone, what was not is left.</exception>
    public IReadOnlyList<PruneItem> Prune(ProjectConfig project, bool dryRun, CancellationToken cancel = default, CancellationToken kill = default)
    {
        var repository = ProjectRepository.TryOpen(project, _options.Environment);
        var reconciler = new Reconciler(project, _options, repository);
        var items = new List<PruneItem>(dryRun
            ? reconciler.FindDead().Select(record =>
                new PruneItem("run", record.Id, true, "its wt-run process is dead: its work is kept, its worktree removed"))
            : reconciler.Reconcile(Timeout.InfiniteTimeSpan, cancel, kill).Select(run =>
                new PruneItem("run", run.Record.Id, run.WhyNotOver is null, run.WhyNotOver ?? run.Record.Message ?? "its wt-run process is dead")));
        cancel.ThrowIfCancellationRequested();
        var store = repository is null ? RunStore.WithoutGit(project.Path) : new RunStore(repository.StateDirectory);
        var scope = new PruneScope(store, project, _retention, _options.Time, dryRun, cancel);

        // Decided on what was there before anything is taken: a record stays until the prune after the one that took its rescue ref.
        var refs = repository is null ? RunRefList.None : RunRefList.Read(repository);
        if (repository is not null)
        {
            items.AddRange(new SessionPruning(scope, _options, repository).Prune());
            items.AddRange(new WorktreePruning(scope, repository).Prune());
            items.AddRange(new RefPruning(scope, repository, refs).Prune());
        }

        items.AddRange(new RecordPruning(scope, refs, repository?.Git.Environment ?? GitCommand.Scrub(_options.Environment)).Prune());
        return items;
    }
}

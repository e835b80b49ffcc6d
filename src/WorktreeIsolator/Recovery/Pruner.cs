using WorktreeIsolator.Configuration;
using WorktreeIsolator.Git;
using WorktreeIsolator.Queueing;
using WorktreeIsolator.Records;
using WorktreeIsolator.RunDirectories;

namespace WorktreeIsolator.Recovery;

/// <summary>
/// Clears away what dead runs left: it brings them to their end, and then removes worktrees, half-made registrations, waiting trash and
/// helper refs that belong to no living run and hold nothing. A worktree that was kept on purpose stays, and says why.
/// </summary>
public sealed class Pruner
{
    private static readonly TimeSpan LockTimeout = TimeSpan.FromSeconds(60);

    private readonly RunnerOptions _options;

    /// <summary>Creates a pruner.</summary>
    /// <param name="options">What all runs share.</param>
    public Pruner(RunnerOptions options) => _options = options;

    /// <summary>Prunes one project.</summary>
    /// <param name="project">The project; its directory exists.</param>
    /// <param name="dryRun">Whether to say only what would happen.</param>
    /// <returns>What was taken, and what was found and left, each with its reason.</returns>
    public IReadOnlyList<PruneItem> Prune(ProjectConfig project, bool dryRun)
    {
        var repository = ProjectRepository.TryOpen(project, _options.Environment);
        var reconciler = new Reconciler(project, _options, repository);
        var items = new List<PruneItem>(dryRun
            ? reconciler.FindDead().Select(record =>
                new PruneItem("run", record.Id, true, "its wt-run process is dead: its work is kept, its worktree removed"))
            : reconciler.Reconcile().Select(record =>
                new PruneItem("run", record.Id, record.State.IsFinal(), record.Message ?? "its wt-run process is dead")));
        if (repository is not null)
        {
            var store = new RunStore(repository.StateDirectory);
            items.AddRange(PruneWorktrees(repository, store, dryRun));
            items.AddRange(PruneRegistrations(repository, store, dryRun));
            items.AddRange(PruneTrash(repository, project, dryRun));
            items.AddRange(PruneMergeRefs(repository, store, dryRun));
        }

        return items;
    }

    /// <summary>Worktrees that wt-run locked, of runs that are final.</summary>
    private static IEnumerable<PruneItem> PruneWorktrees(Repository repository, RunStore store, bool dryRun)
    {
        foreach (var entry in WorktreeList.Read(repository))
        {
            // A run that is over may be landed by hand right now, in a worktree made again.
            if (WorktreeRegistration.RunThatLocked(entry) is not { } id || store.IsActive(id) || store.IsAlive(id))
            {
                continue;
            }

            var why = store.TryRead(id)?.Kept is { } kept && Directory.Exists(entry.Path)
                ? $"kept on purpose: {kept.Reason}; land it: wt-run land {id[..8]}; give it up: wt-run drop {id[..8]}"
                : WhyWorktreeStays(repository, entry);
            if (why is null && !dryRun)
            {
                var admin = GitFile.ReadAdminDirectory(entry.Path) ?? Path.Combine(repository.CommonDirectory, "worktrees", id);
                Removal.Remove(
                    repository, new WorktreesDirectory(Path.GetDirectoryName(entry.Path)!, null), entry.Path, admin, () => Lock(store));
            }

            yield return new PruneItem("worktree", entry.Path, why is null, why ?? $"run {id} is over, and all that is in it is reachable elsewhere");
        }
    }

    private static string? WhyWorktreeStays(Repository repository, WorktreeEntry entry)
    {
        if (!Directory.Exists(entry.Path))
        {
            return null;
        }

        if (GitFile.ReadAdminDirectory(entry.Path) is not { } admin || !Directory.Exists(admin))
        {
            return $"its .git does not name an admin directory of this repository; look at it, then: rm -r '{entry.Path}'";
        }

        var status = WorktreeStatus.Read(GitCommand.In(repository.CommonDirectory, repository.Git.Environment).ForWorktree(admin, entry.Path));
        if (status.IsDirty || OperationInProgress.In(admin) is not null)
        {
            return $"it holds work that is not committed; save it, then: git worktree remove --force --force '{entry.Path}'";
        }

        var isReachable = status.Head is not { } head
            || repository.Git.ReadOnly().Run(["for-each-ref", "--count=1", "--contains", head.ToString(), "--format=%(refname)"]).Output.Length > 0;
        return isReachable ? null : $"no branch holds its commit; keep it with: git branch NAME {status.Head}";
    }

    /// <summary>Admin directories that a killed <c>git worktree add</c> left, which <c>git worktree list</c> does not even show.</summary>
    private static IEnumerable<PruneItem> PruneRegistrations(Repository repository, RunStore store, bool dryRun)
    {
        var directory = Path.Combine(repository.CommonDirectory, "worktrees");
        foreach (var admin in Directory.Exists(directory) ? Directory.GetDirectories(directory) : [])
        {
            var id = Path.GetFileName(admin);
            if (RunId.TryParse(id) is null || store.IsActive(id) || File.Exists(Path.Combine(admin, "gitdir")))
            {
                continue;
            }

            if (!dryRun)
            {
                using var taken = Lock(store);
                Removal.ForgetHalfMade(repository, Path.Combine(repository.WorktreesBase, id));
            }

            yield return new PruneItem("registration", admin, true, "a 'git worktree add' was killed half-way");
        }
    }

    private static IEnumerable<PruneItem> PruneTrash(Repository repository, ProjectConfig project, bool dryRun)
    {
        var worktrees = WorktreesDirectory.Resolve(repository, project.WorktreesDir);
        foreach (var path in Directory.Exists(worktrees.Trash) ? Directory.GetFileSystemEntries(worktrees.Trash) : [])
        {
            if (!dryRun)
            {
                Removal.DeleteBehind(path, repository.Git.Environment);
            }

            yield return new PruneItem("trash", path, true, "a removed worktree that is not deleted yet");
        }
    }

    private static IEnumerable<PruneItem> PruneMergeRefs(Repository repository, RunStore store, bool dryRun)
    {
        foreach (var name in repository.Git.ReadOnly().Run(["for-each-ref", "--format=%(refname)", "refs/wt-run-merge/"]).Output.Split('\n'))
        {
            var id = Path.GetFileName(name);
            if (RunId.TryParse(id) is null || store.IsActive(id) || store.IsAlive(id))
            {
                continue;
            }

            if (!dryRun)
            {
                repository.Git.Run(["update-ref", "-d", name]);
            }

            yield return new PruneItem("ref", name, true, "a merge that never landed; the run's own commits are kept");
        }
    }

    private static RepositoryLock Lock(RunStore store) => RepositoryLock.Acquire(store.StateDirectory, "prune", LockTimeout);
}

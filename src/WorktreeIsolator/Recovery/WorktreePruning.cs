using System.Globalization;
using WorktreeIsolator.Git;
using WorktreeIsolator.Platform;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Queueing;
using WorktreeIsolator.Records;
using WorktreeIsolator.RunDirectories;

namespace WorktreeIsolator.Recovery;

/// <summary>Prunes what lies where worktrees are made, and what git knows of it.</summary>
internal sealed class WorktreePruning(PruneScope scope, Repository repository)
{
    /// <summary>Prunes.</summary>
    public IEnumerable<PruneItem> Prune()
    {
        var entries = WorktreeList.Read(repository);
        return
        [
            .. entries.Select(PruneWorktree).OfType<PruneItem>(),
            .. Directories().SelectMany(directory => Unreadable(directory.Path) ?? FindForeign(directory, entries)),
            .. PruneRegistrations(),
            .. Directories().SelectMany(directory => Unreadable(directory.Path) is null ? Unreadable(directory.Trash) ?? PruneTrash(directory) : []),
        ];
    }

    private static IEnumerable<PruneItem>? Unreadable(string directory) =>
        Directory.Exists(directory) && OwnDirectory.WhyUnfit(directory) is { } unfit ? [PruneScope.Leave("directory", directory, $"{unfit.Message} {unfit.Hint}")] : null;

    /// <summary>A worktree that wt-run locked, of a run that is final; null for any other.</summary>
    private PruneItem? PruneWorktree(WorktreeEntry entry)
    {
        // A run that is over may be landed by hand right now, in a worktree made again.
        if (WorktreeRegistration.RunThatLocked(entry) is not { } id || scope.IsBusy(id))
        {
            return null;
        }

        if (OwnDirectory.WhyUnfit(Path.GetDirectoryName(entry.Path)!) is { } unfit)
        {
            // It may be there, and look as if it were not.
            return PruneScope.Leave("worktree", entry.Path, unfit.Message);
        }

        var record = scope.Records.GetValueOrDefault(id);
        var why = record is not null && Directory.Exists(entry.Path) ? WhyItIsStray(entry, record)
            ?? (record.Kept is { } kept ? $"kept on purpose: {kept.Reason}; land it: wt-run land {id[..8]}; give it up: wt-run drop {id[..8]}" : null) : null;
        why ??= WhyItStaysOrCannotBeRead(entry, id);
        return why is null
            ? scope.Take("worktree", entry.Path, $"run {id} is over, and all that is in it is reachable elsewhere", () => Remove(entry, id))
            : PruneScope.Leave("worktree", entry.Path, why);
    }

    /// <summary>Why a run's directory cannot be dealt with, whatever became of the run; null if it is the one that was made, where it was made.</summary>
    private static string? WhyItIsStray(WorktreeEntry entry, RunRecord record) => entry.Path != record.Worktree
        ? $"run {record.Id} made it, and it was moved there. {StrayWorktree.AfterMoving(entry.Path, record)}"
        : GitFile.ReadAdminDirectory(entry.Path) is { } admin && GitFile.ReadWorktree(CanonicalPath.Of(admin)) is { } named && CanonicalPath.Of(named) == CanonicalPath.Of(entry.Path)
            ? null
            : $"kept on purpose: {StrayWorktree.IsReplaced}. {StrayWorktree.AfterReplacing(entry.Path, record)}";

    private string? WhyItStaysOrCannotBeRead(WorktreeEntry entry, string id)
    {
        try
        {
            return WhyItStays(entry, id);
        }
        catch (Exception e) when (e is WorktreeIsolatorException or IOException or UnauthorizedAccessException)
        {
            return $"it cannot be looked at: {e.Message.Trim()}";
        }
    }

    private string? WhyItStays(WorktreeEntry entry, string id)
    {
        if (!Directory.Exists(entry.Path))
        {
            return null;
        }

        if (Find(entry, id) is not { } found)
        {
            return $"its .git does not name an admin directory of this repository; look at it, then: rm -rf {ShellWords.Quoted(entry.Path)}";
        }

        if (ProcessesInDirectory.Find(entry.Path) is { Count: > 0 } busy)
        {
            return $"someone is at work in it: {string.Join(", ", busy)}";
        }

        var isUnfinished = OperationInProgress.In(found.AdminDirectory) is not null || WorktreeStatus.Read(GitFor(found)) is { IsDirty: true } or { Head: null };
        return (isUnfinished, scope.Records.ContainsKey(id)) switch
        {
            (false, _) => null,
            (_, true) => $"it holds work that is not committed; to bring that under a ref and take the worktree away: wt-run drop {id[..8]}",
            _ => $"it holds work that is not committed; save it, then: git worktree remove --force --force {ShellWords.Quoted(entry.Path)}",
        };
    }

    /// <summary>The worktree, if its files and its registration name each other.</summary>
    private RegisteredWorktree? Find(WorktreeEntry entry, string id) =>
        StartOf(entry, id) is { } start ? RegisteredWorktree.TryFind(entry.Path, BranchOf(id), start) : null;

    private CommitId? StartOf(WorktreeEntry entry, string id) =>
        CommitId.TryParse(scope.Records.GetValueOrDefault(id)?.Base?.Commit) ?? entry.Head;

    private BranchName BranchOf(string id) => BranchName.TryParse(scope.Records.GetValueOrDefault(id)?.Branch) ?? BranchName.Parse($"wt/{id}");

    private GitCommand GitFor(RegisteredWorktree worktree) =>
        repository.Git.At(repository.CommonDirectory).ForWorktree(worktree.AdminDirectory, worktree.Path);

    private void Remove(WorktreeEntry entry, string id) => scope.Alone(id, journal =>
    {
        var before = RescueRefOf(id);
        var admin = Path.Combine(repository.CommonDirectory, "worktrees", Path.GetFileName(entry.Path));
        if (Find(entry, id) is { } there)
        {
            admin = there.AdminDirectory;
            MakeSafe(there, id);
        }
        else if (StartOf(entry, id) is { } start)
        {
            _ = new RunRefs(repository, id, BranchOf(id), entry.Path, start).HoldFromRegistration();
        }

        Removal.Remove(repository, new WorktreesDirectory(Path.GetDirectoryName(entry.Path)!, null), entry.Path, admin, scope.Lock, id);
        var after = RescueRefOf(id);
        if (journal is not null && (after != before || journal.Record.Kept is not null))
        {
            journal.Note("prune", $"the worktree '{entry.Path}' is gone");
            journal.Update(now => now with
            {
                Kept = null,
                RescueRef = after is null ? now.RescueRef : new RescueRef(repository, id).Name,

                // From now on the rescue has its time, and the record with it.
                SettledAt = after != before ? journal.Now : now.SettledAt,
            });
        }
    });

    private CommitId? RescueRefOf(string id) => new RescueRef(repository, id).Read();

    /// <summary>It looked clean; commits that only its reflog knows, and changes behind flags of the index, it may hold all the same.</summary>
    private void MakeSafe(RegisteredWorktree worktree, string id)
    {
        var placed = new PlacedFiles(scope.Store.DirectoryOf(id)).Paths;
        var kept = new Rescue(repository, worktree, GitFor(worktree), id, placed, scope.Project.RescueLimit)
            .Keep($"Work of run {id}\n\nFound by prune.\n", commitOntoBranch: false);
        if (kept.KeepWorktree is { } why)
        {
            throw new WorktreeIsolatorException(FailureKind.System, why);
        }
    }

    /// <summary>What someone else put where worktrees are made, and what git has forgotten there. It is not ours to take.</summary>
    private IEnumerable<PruneItem> FindForeign(WorktreesDirectory directory, IReadOnlyList<WorktreeEntry> entries)
    {
        foreach (var path in Directory.Exists(directory.Path) ? Directory.GetDirectories(directory.Path) : [])
        {
            var id = Path.GetFileName(path);
            if (path == directory.Trash || (RunId.TryParse(id) is not null && scope.IsBusy(id)) || IsSessionInUse(id))
            {
                continue;
            }

            if (entries.FirstOrDefault(entry => entry.Path == path) is { } entry)
            {
                if (WorktreeRegistration.SessionThatLocked(entry) is { } name)
                {
                    if (!scope.Sessions.Any(session => session.Worktree == path))
                    {
                        yield return PruneScope.Leave(
                            "worktree", path, $"there is no session {name} any more; when you have what you need from it: git worktree remove --force --force '{path}'");
                    }
                }
                else if (WorktreeRegistration.RunThatLocked(entry) is null)
                {
                    // Unlocked, it is known by the name that git gave its admin directory when it was made.
                    var maker = GitFile.ReadAdminDirectory(path) is { } made ? scope.Records.GetValueOrDefault(Path.GetFileName(made)) : null;
                    yield return PruneScope.Leave("worktree", path, maker is not null ? WhyItIsStray(entry, maker) ?? $"run {maker.Id} made it, and it was unlocked since" : "wt-run did not make it");
                }
            }
            else if (OwnDirectory.WhyUnfit(path) is not null || !AnyFile.IsReadable(Path.Combine(path, ".git")))
            {
                // Another user's, of whose worktrees git does not tell this one; a session is told by its own state.
                if (!scope.Sessions.Any(session => session.Worktree == path))
                {
                    yield return PruneScope.Leave("directory", path, string.Create(CultureInfo.InvariantCulture, $"this user may not look into it: it belongs to uid {AnyFile.OwnerOf(path)}"));
                }
            }
            else if (GitFile.ReadAdminDirectory(path) is not { } admin
                || !Directory.Exists(admin)
                || CanonicalPath.IsAtOrBelow(CanonicalPath.Of(admin), repository.CommonDirectory))
            {
                // Runs of another repository may have the same directory. No repository knows one that was moved, with its repository, during a run.
                yield return PruneScope.Leave("directory", path, scope.Records.GetValueOrDefault(id) is { Kept: not null } record && record.Worktree == path
                    ? $"kept on purpose: {StrayWorktree.IsReplaced}. {StrayWorktree.AfterReplacing(path, record)}"
                    : $"git knows no worktree there; when you have what you need from it: rm -rf {ShellWords.Quoted(path)}");
            }
        }
    }

    /// <summary>Whether someone has the turn of the session that has a worktree of such a name: it may be made, or go, right now.</summary>
    private bool IsSessionInUse(string worktreeName) => SessionName.OfWorktree(worktreeName) is { } name
        && Ticket.Holders(SessionStore.QueueFor(scope.Store.StateDirectory, name.Value)).Count > 0;

    /// <summary>Admin directories that a killed <c>git worktree add</c> left, which <c>git worktree list</c> does not even show.</summary>
    private IEnumerable<PruneItem> PruneRegistrations()
    {
        var directory = Path.Combine(repository.CommonDirectory, "worktrees");
        foreach (var admin in Directory.Exists(directory) ? Directory.GetDirectories(directory) : [])
        {
            var id = Path.GetFileName(admin);
            if (RunId.TryParse(id) is null || scope.Store.IsActive(id) || !Removal.IsHalfMade(admin) || OwnDirectory.WhyUnfit(admin) is not null)
            {
                continue;
            }

            yield return scope.Take("registration", admin, "a 'git worktree add' was killed half-way", () =>
            {
                using var taken = scope.Lock();
                Removal.ForgetHalfMade(repository, Path.Combine(repository.WorktreesBase, id));
            });
        }
    }

    private IEnumerable<PruneItem> PruneTrash(WorktreesDirectory directory)
    {
        foreach (var path in Directory.Exists(directory.Trash) ? Directory.GetFileSystemEntries(directory.Trash) : [])
        {
            yield return scope.Take(
                "trash", path, "a removed worktree that is not deleted yet", () => Removal.DeleteBehind(path, repository.Git.Environment));
        }
    }

    /// <summary>Every directory in which runs had worktrees, and the one that the project has now.</summary>
    private IEnumerable<WorktreesDirectory> Directories()
    {
        var paths = scope.Records.Values.Select(record => record.Worktree).OfType<string>().Select(path => Path.GetDirectoryName(path)!);
        try
        {
            paths = paths.Append(WorktreesDirectory.Resolve(repository, scope.Project.WorktreesDir).RequireFit().Path);
        }
        catch (WorktreeIsolatorException)
        {
            // 'check' tells what is wrong with it; no worktree was ever made there.
        }

        return paths.Distinct(StringComparer.Ordinal).Select(path => new WorktreesDirectory(path, null));
    }
}

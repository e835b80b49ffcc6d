using System.Globalization;
using WorktreeIsolator.Configuration;
using WorktreeIsolator.Git;
using WorktreeIsolator.MergeBack;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Records;
using WorktreeIsolator.RunDirectories;

namespace WorktreeIsolator.Recovery;

/// <summary>
/// Prunes refs: merges that never landed, run branches that were left over, and rescue refs that are older than <c>rescue_refs</c>. The
/// last is the only place where work goes on purpose; the reason names the commit, which git itself keeps until its next gc. A worktree that
/// is kept stands for the branch and the rescue ref of its run, too: nothing of that run is taken.
/// </summary>
internal sealed class RefPruning(PruneScope scope, Repository repository, RunRefList refs)
{
    /// <summary>Prunes.</summary>
    public IEnumerable<PruneItem> Prune() =>
    [
        .. scope.Records.Values.Select(PruneBranch).OfType<PruneItem>(),
        .. refs.Branches.Keys.Select(FindUnknownBranch).OfType<PruneItem>(),
        .. refs.Rescues.Select(PruneRescue).OfType<PruneItem>(),
        .. refs.Merges.Select(PruneMerge).OfType<PruneItem>(),
    ];

    private PruneItem? PruneBranch(RunRecord record)
    {
        if (!record.State.IsFinal() || scope.IsBusy(record.Id) || !RunBranches.BelongsTo(record)
            || Directory.Exists(record.Kept?.Path))
        {
            return null;
        }

        if (!refs.Branches.TryGetValue($"refs/heads/{record.Branch}", out var tip))
        {
            return record.State == RunState.NeedsMerge && CommitId.TryParse(record.MergeBack?.Commit) is { } last ? TakeLanded(record, last) : null;
        }

        if (RunBranches.HoldsWork(record))
        {
            return TakeLanded(record, CommitId.Parse(tip)) ?? PruneScope.Leave("branch", record.Branch!, RunBranches.WhyItStays(record));
        }

        // The run had to leave it, perhaps because it was checked out then.
        var user = UserOf(record);
        var held = BranchName.TryParse(record.Branch) is { } branch && CommitId.TryParse(record.Base?.Commit) is { } start
            ? new RunRefs(repository, record.Id, branch, record.Worktree!, start)
            : null;
        var holder = held?.HolderOf(CommitId.Parse(tip));
        return (user, holder) switch
        {
            ({ } checkout, _) => PruneScope.Leave("branch", record.Branch!, $"it is {WhatLetsItGo(checkout, TargetOf(record).Branch)}"),
            (_, null) => PruneScope.Leave("branch", record.Branch!, $"it holds commits that no other branch does; when you do not need them: git branch -D {ShellWords.Quoted(record.Branch!)}"),
            _ => scope.Take("branch", record.Branch!, $"run {record.Id} is over, and all of it is on '{holder}'", () =>
            {
                if (RunRefs.WhyNotDeleted(repository, BranchName.Parse(record.Branch!), CommitId.Parse(tip), record.Id) is { } why)
                {
                    throw new WorktreeIsolatorException(FailureKind.Git, why);
                }
            }),
        };
    }

    /// <summary>Whether this prune finds that a person has landed the work of a run, so that nothing more is to be said of it.</summary>
    public static bool FindsLanded(PruneScope scope, RunRecord record) => RunBranches.HoldsWork(record) && scope.HasTaken("branch", record.Branch);

    /// <summary>A person may have merged or pushed the branch by hand: then the run is landed, like one that <c>wt-run land</c> finds on its target.</summary>
    /// <returns>Null if the target, as it is seen here, does not hold the work, or the run has none.</returns>
    private PruneItem? TakeLanded(RunRecord record, CommitId tip)
    {
        var target = TargetOf(record);
        var result = target.Remote is null ? MergeBackResult.Landed : MergeBackResult.Pushed;
        if ((target.Branch?.Ref ?? target.Remote?.TrackingRef(repository.Config)) is not { } targetRef || CommitId.TryParse(record.Base?.Commit) is not { } start
            || !repository.IsAncestor(tip, targetRef) || repository.IsAncestor(tip, start.ToString()))
        {
            return null;
        }

        var why = $"run {record.Id} has been {RecordWriter.NameOf(result)} by hand: all of it is on '{target.Name}'";
        var user = UserOf(record);
        var item = scope.Take("branch", record.Branch!, why, () => scope.Alone(record.Id, journal =>
        {
            journal!.Note("prune", why);
            journal.Update(now => now with
            {
                State = RunState.Succeeded,
                MergeBack = now.MergeBack! with { Result = result, Commit = tip.ToString(), Conflicts = null },
                Message = $"All of it was found on '{target.Name}'.",
                Hint = null,
                Kept = null,
                SettledAt = journal.Now,
            });
            if (user is null && refs.Branches.ContainsKey($"refs/heads/{record.Branch}") && RunRefs.WhyNotDeleted(repository, BranchName.Parse(record.Branch!), tip, record.Id) is { } stays)
            {
                throw new WorktreeIsolatorException(FailureKind.Git, stays);
            }
        }));
        return item.IsTaken && user is not null
            ? PruneScope.Leave("branch", record.Branch!, $"{why}; the branch is {WhatLetsItGo(user, target.Branch)}")
            : item;
    }

    private WorkTarget TargetOf(RunRecord record) => WorkTarget.Parse(record.MergeBack!.Policy, record.MergeBack.Target, repository.Config.Remotes);

    private WorktreeEntry? UserOf(RunRecord record) =>
        WorktreeList.Read(repository).FirstOrDefault(entry => entry.BranchRef == $"refs/heads/{record.Branch}");

    /// <summary>Who has it checked out can go on with the target, unless that is checked out elsewhere.</summary>
    private string WhatLetsItGo(WorktreeEntry user, BranchName? target)
    {
        var other = target is not null && WorktreeList.Read(repository).All(entry => entry.BranchRef != target.Ref) ? ShellWords.Quoted(target.Value) : "--detach";
        return $"checked out in '{user.Path}', to let it go: git -C {ShellWords.Quoted(user.Path)} switch {other} && wt-run prune";
    }

    private PruneItem? FindUnknownBranch(string name)
    {
        const string prefix = "refs/heads/wt/";
        var id = name.StartsWith(prefix, StringComparison.Ordinal) ? RunId.TryParse(name[prefix.Length..])?.ToString() : null;
        return id is null || scope.Records.ContainsKey(id) || Directory.Exists(scope.Store.DirectoryOf(id)) || scope.Store.IsActive(id)
            ? null
            : PruneScope.Leave("branch", name["refs/heads/".Length..], $"the record of its run is gone; when you do not need it: git branch -D wt/{id}");
    }

    private PruneItem? PruneRescue(RunRef rescue)
    {
        var id = Path.GetFileName(rescue.Name);
        if (rescue.Name != $"refs/wt-run/{id}" || RunId.TryParse(id) is null)
        {
            return PruneScope.Leave("ref", rescue.Name, "wt-run gives no ref such a name");
        }

        var record = scope.Records.GetValueOrDefault(id);
        if (scope.IsBusy(id) || Directory.Exists(record?.Kept?.Path))
        {
            return null;
        }

        if (record is null && Directory.Exists(scope.Store.DirectoryOf(id)))
        {
            return PruneScope.Leave("ref", rescue.Name, RecordPruning.Unreadable);
        }

        if ((record?.RestsSince() ?? rescue.CommittedAt) is not { } since)
        {
            return PruneScope.Leave("ref", rescue.Name, "nobody knows how old it is");
        }

        var limit = $"rescue_refs = {Duration.Format(scope.Retention.RescueRefs)}";
        var until = (record is not null && FindsLanded(scope, record) ? scope.Now : since) + scope.Retention.RescueRefs;
        if (record is not null && !FindsLanded(scope, record) && RunBranches.WhyOpen(record, refs) is { } open)
        {
            return PruneScope.Leave("ref", rescue.Name, open);
        }

        return scope.Now < until
            ? PruneScope.Leave("ref", rescue.Name, string.Create(
                CultureInfo.InvariantCulture, $"it keeps what no branch holds of run {id}, until {until:yyyy-MM-dd} ({limit}); see it: {(record is null ? $"git log -p {rescue.Name}" : $"wt-run show {id[..8]}")}"))
            : scope.Take(
                "ref",
                rescue.Name,
                $"{scope.AgeOf(since)} old ({limit}); until git's next gc it can be brought back: git branch NAME {rescue.Commit}",
                () => Delete(rescue, id));
    }

    private void Delete(RunRef rescue, string id) => scope.Alone(id, journal =>
    {
        journal?.Note("prune", $"{rescue.Name} goes; it was {rescue.Commit}", sync: true);
        new RescueRef(repository, id).Delete(rescue.Commit);
        journal?.Update(now => now with
        {
            RescueRef = null,
            Hint = $"What was rescued of it was pruned; until git's next gc it can be brought back: git branch NAME {rescue.Commit}",
        });
    });

    private PruneItem? PruneMerge(RunRef merge)
    {
        var id = Path.GetFileName(merge.Name);
        return RunId.TryParse(id) is null || scope.IsBusy(id)
            ? null
            : scope.Take(
                "ref", merge.Name, "a merge that never landed; the run's own commits are kept", () => scope.Alone(id, _ => repository.Git.Run(["update-ref", "--no-deref", "-d", merge.Name, merge.Commit])));
    }
}

using WorktreeIsolator.Configuration;
using WorktreeIsolator.Git;
using WorktreeIsolator.MergeBack;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Records;
using WorktreeIsolator.RunDirectories;

namespace WorktreeIsolator.Recovery;

/// <summary>
/// Gives up what a finished run kept, because a person says so: as of a run that failed, everything goes under the rescue ref first; then
/// the kept worktree and the run branch go. Nothing is lost until <see cref="Pruner"/> deletes the rescue ref, or the person does.
/// </summary>
public static class RunDrop
{
    private const string Dropped = "dropped";

    private static readonly TimeSpan LockTimeout = TimeSpan.FromSeconds(60);

    /// <summary>Drops.</summary>
    /// <param name="project">The run's project; its directory exists.</param>
    /// <param name="record">The run.</param>
    /// <param name="options">What all runs share.</param>
    /// <returns>The record: what was kept is named no more, the rescue ref is.</returns>
    /// <exception cref="WorktreeIsolatorException">
    /// The run is still under way, kept nothing, someone is at work in its worktree, or that holds something which no ref can hold. Nothing
    /// was taken.
    /// </exception>
    public static RunRecord Drop(ProjectConfig project, RunRecord record, RunnerOptions options)
    {
        var repository = ProjectRepository.TryOpen(project, options.Environment);
        if (repository is null || WorktreePlan.Of(record, project, repository) is not { } plan)
        {
            throw Cannot(record, "it ran in place, so it kept nothing");
        }

        var store = new RunStore(repository.StateDirectory);
        using var ending = SessionEnding.Take(store, record, Dropped, options.Environment);
        using var liveness = store.TryTakeOver(record.Id, RunStore.Patience)
            ?? throw WorktreeAtRest.InOtherHands(store.TryRead(record.Id) ?? record, Dropped);
        record = store.TryRead(record.Id) ?? record;
        if (!record.State.IsFinal())
        {
            throw WorktreeAtRest.Died(record, Dropped, options.Environment);
        }

        if (DeadRun.WhyLandingIsOutOfReach(store, record.Id) is { } why)
        {
            throw Cannot(record, why);
        }

        using var journal = store.TakeOver(record, liveness, options.Time);
        store.Activate(record.Id, RunStore.Dropping);
        using var log = new OutputLog(Path.Combine(journal.Directory, "recovery.log"));
        var context = RunContext.For(
            journal, options, repository, log, project.KeepProcesses, LockTimeout, CancellationToken.None, CancellationToken.None);
        RunRecord dropped;
        try
        {
            dropped = Drop(plan, record, ending?.Session, context);
        }
        catch
        {
            Reconciler.NameRescue(repository, journal);
            store.Deactivate(record.Id);
            throw;
        }

        journal.Update(
            current => dropped with { SettledAt = journal.Now, LockHeldMs = current.LockHeldMs }, sync: true, meanwhile: () => ending?.End(journal.Record, options.Time));
        return journal.Record;
    }

    /// <summary>The session's last run stands for all of them.</summary>
    private static bool OwnsBranch(RunRecord record) => record.Session is not null || RunBranches.BelongsTo(record);

    private static RunRecord Drop(WorktreePlan plan, RunRecord record, Session? session, RunContext context)
    {
        var refs = new RunRefs(plan.Repository, record.Id, plan.Branch, record.Worktree!, plan.Base.Commit);
        RequireNotMoved(plan, record);
        RequireBranchAtRest(plan, record);
        var isThere = session is null ? Directory.Exists(record.Worktree) : SessionWorktree.TryFind(plan, session, context) is not null;
        var tip = OwnsBranch(record) ? refs.BranchTip : null;
        if (!isThere && tip is null && session is null && record.Kept is null && !RunBranches.HoldsWork(record))
        {
            throw Cannot(record, record switch
            {
                { MergeBack.Result: MergeBackResult.Dropped } => "it was dropped already",
                { RescueRef: { } held } => $"it left no branch; what it made is under {held}",
                _ => "it kept nothing",
            });
        }

        if (isThere)
        {
            using var worktree = TemporaryWorktree.Adopt(plan, WorktreeAtRest.Find(plan, record, Dropped), context);
            record = worktree.MakeSafe(record);
            tip = OwnsBranch(record) ? refs.BranchTip : null;
            HoldBranch(refs, tip, plan.Base.Commit);
            worktree.GiveUp();
        }
        else
        {
            // Deleted by hand; what git still knows of it may be all that there is.
            _ = refs.HoldFromRegistration();
            HoldBranch(refs, tip, plan.Base.Commit);
            Removal.Remove(
                plan.Repository, plan.Directory, record.Worktree!, Path.Combine(plan.Repository.CommonDirectory, "worktrees", Path.GetFileName(record.Worktree!)), context.TakeLock, record.Id);
        }

        if (tip is { } last && RunRefs.WhyNotDeleted(plan.Repository, plan.Branch, last, record.Id) is { } why)
        {
            context.Warn($"The branch '{plan.Branch}' is still there: {why}. When you do not need it: git branch -D {ShellWords.Quoted(plan.Branch.Value)}");
        }

        return Describe(record, refs, tip);
    }

    private static RunRecord Describe(RunRecord record, RunRefs refs, CommitId? tip)
    {
        var rescue = refs.RescueRef;
        var holder = tip is { } work ? refs.HolderOf(work) : null;
        var holdsWork = RunBranches.HoldsWork(record);
        return record with
        {
            // What it needed a person for, that person has decided.
            State = record.State == RunState.NeedsMerge ? RunState.Cancelled : record.State,
            MergeBack = record.MergeBack! with
            {
                Result = holdsWork ? MergeBackResult.Dropped : record.MergeBack.Result,
                Commit = holdsWork ? tip?.ToString() ?? record.MergeBack.Commit : record.MergeBack.Commit,
            },
            RescueRef = rescue,
            Kept = null,
            Message = "Its work was dropped: " + (rescue, holder) switch
            {
                ({ } name, _) => $"what it had made is under {name}.",
                (null, { } branch) => $"all that it had made is on '{branch}', too.",
                _ => "it had left none.",
            },
            Hint = rescue is not null && refs.RescueTip == tip ? $"bring it back:  git branch NAME {rescue}" : null,
        };
    }

    private static void HoldBranch(RunRefs refs, CommitId? tip, CommitId start)
    {
        if (tip is { } commit && commit != start && refs.HolderOf(commit) is null)
        {
            refs.HoldBranch(commit);
        }
    }

    /// <summary>Whose worktree was moved is at rest nowhere: git has it elsewhere, with the work.</summary>
    private static void RequireNotMoved(WorktreePlan plan, RunRecord record)
    {
        if (RegisteredWorktree.FindMoved(plan.Repository, record.Worktree!) is { } moved)
        {
            throw Cannot(record, $"its worktree was moved to '{moved}'", StrayWorktree.AfterMoving(moved, record));
        }
    }

    /// <summary>A branch that is checked out elsewhere is someone's work; without it their HEAD would be unborn.</summary>
    private static void RequireBranchAtRest(WorktreePlan plan, RunRecord record)
    {
        if (OwnsBranch(record) && WorktreeList.Read(plan.Repository)
            .FirstOrDefault(entry => entry.BranchRef == plan.Branch.Ref && entry.Path != record.Worktree) is { } user)
        {
            throw Cannot(record, $"its branch '{plan.Branch}' is checked out in '{user.Path}'", $"Let it go there:\ngit -C {ShellWords.Quoted(user.Path)} switch --detach");
        }
    }

    private static WorktreeIsolatorException Cannot(RunRecord record, string why, string? hint = null) => WorktreeAtRest.Cannot(record, Dropped, why, hint);
}

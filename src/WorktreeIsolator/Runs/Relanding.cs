using WorktreeIsolator.Configuration;
using WorktreeIsolator.Git;
using WorktreeIsolator.MergeBack;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Records;
using WorktreeIsolator.Recovery;
using WorktreeIsolator.RunDirectories;

namespace WorktreeIsolator.Runs;

/// <summary>
/// Lands the work of a run that is over, because a person says so or because its target has become free: the same steps that end a run, from its
/// branch or its kept worktree.
/// </summary>
internal static class Relanding
{
    private const string Landed = "landed";

    private static readonly TimeSpan LockTimeout = TimeSpan.FromSeconds(60);

    /// <summary>Lands because a person says so.</summary>
    public static RunRecord Land(ProjectConfig project, RunRecord record, RunnerOptions options, CancellationToken cancel, CancellationToken kill) =>
        Land(project, record, options, isByHand: true, cancel, kill)!;

    /// <summary>Lands work that waits for its target, if that is free now; waits for nobody.</summary>
    /// <returns>The record; null if nothing changed: the target is busy, or someone else has the run in hand.</returns>
    public static RunRecord? TryLandPending(
        ProjectConfig project, RunRecord record, RunnerOptions options, CancellationToken cancel, CancellationToken kill) =>
        Land(project with { LandWait = TimeSpan.Zero }, record, options, isByHand: false, cancel, kill);

    private static RunRecord? Land(
        ProjectConfig project, RunRecord record, RunnerOptions options, bool isByHand, CancellationToken cancel, CancellationToken kill)
    {
        var repository = ProjectRepository.TryOpen(project, options.Environment);
        if (repository is null || WorktreePlan.Of(record, project, repository) is not { } recorded)
        {
            throw Cannot(record, "it ran in place, so its work is where it was made.");
        }

        var store = new RunStore(repository.StateDirectory);
        using var ending = SessionEnding.Take(store, record, Landed, options.Environment);
        using var liveness = store.TryTakeOver(record.Id, RunStore.Patience);
        if (liveness is null)
        {
            return isByHand ? throw WorktreeAtRest.InOtherHands(store.TryRead(record.Id) ?? record, Landed) : null;
        }

        record = store.TryRead(record.Id) ?? record;
        if (!isByHand && !record.WaitsForItsTarget())
        {
            return null;
        }

        RequireUndelivered(store, record, options);

        // A run whose policy landed nothing lands on its base's branch: asking for it is the decision.
        var plan = recorded with
        {
            Target = recorded.Target.Branch is null && recorded.Target.Policy != MergeBackPolicy.Push
                ? LocalTarget(record, project, repository)
                : recorded.Target,
        };
        using var journal = store.TakeOver(record, liveness, options.Time);
        journal.Changed = options.Observer.Changed;
        store.Activate(record.Id, RunStore.Landing);
        using var log = new OutputLog(record.Log ?? Path.Combine(journal.Directory, "output.log"));
        var context = RunContext.For(journal, options, repository, log, project.KeepProcesses, LockTimeout, cancel, kill);
        try
        {
            var landed = ending is null ? BringBack(plan, record, context) : BringBack(plan, record, ending.Session, context);
            if (!isByHand && landed.WaitsForItsTarget())
            {
                Reconciler.NameRescue(repository, journal);
                store.Deactivate(record.Id);
                return null;
            }

            var ends = landed.State == RunState.Succeeded && !Directory.Exists(record.Worktree) ? ending : null;
            journal.Update(
                current => landed with { SettledAt = journal.Now, LockHeldMs = current.LockHeldMs }, sync: true, meanwhile: () => ends?.End(journal.Record, options.Time));
            return journal.Record;
        }
        catch when (journal.Record.SettledAt == record.SettledAt)
        {
            // Once that is written, recovery goes on with what is left.
            Reconciler.NameRescue(repository, journal);
            store.Deactivate(record.Id);
            throw;
        }
    }

    private static void RequireUndelivered(RunStore store, RunRecord record, RunnerOptions options)
    {
        if (DeadRun.WhyLandingIsOutOfReach(store, record.Id) is { } why)
        {
            throw Cannot(record, why);
        }

        if (!record.State.IsFinal())
        {
            throw WorktreeAtRest.Died(record, Landed, options.Environment);
        }

        if (record.MergeBack?.Result is MergeBackResult.Landed or MergeBackResult.Pushed)
        {
            throw Cannot(record, $"its work has {(record.MergeBack.Result == MergeBackResult.Landed ? "landed" : "been pushed")} already.");
        }
    }

    private static RunRecord BringBack(WorktreePlan plan, RunRecord record, RunContext context)
    {
        var kept = RegisteredWorktree.TryFind(record.Worktree!, plan.Branch, plan.Base.Commit);
        if (kept is not null)
        {
            DeadRun.EndKilledLanding(new RunStore(plan.Repository.StateDirectory), record, isHeld: true, plan.Project.KeepProcesses, context.Cancel);
        }

        if (kept is not null && record.Kept is null)
        {
            record = InterruptedWork.TakeAwayLeftOver(plan, kept, record, context);
            kept = null;
        }

        return BringBack(plan, record, kept, context);
    }

    /// <summary>From the session's worktree; without that from its branch, as of a run whose worktree is gone.</summary>
    private static RunRecord BringBack(WorktreePlan plan, RunRecord record, Session session, RunContext context)
    {
        var found = SessionWorktree.TryFind(plan, session, context);
        if (found is null)
        {
            context.Warn($"The worktree of session '{session.Name}' is gone ('{session.Worktree}'): what is on its branch '{session.Branch}' is landed. {SessionWorktree.IfMovedByHand}");
            record = SessionWorktree.ForgetGone(plan, session.Worktree, context) is { } rescue ? record with { RescueRef = rescue } : record;
        }

        return BringBack(found is null ? plan with { Session = null } : plan, record, found, context);
    }

    private static RunRecord BringBack(WorktreePlan plan, RunRecord record, RegisteredWorktree? kept, RunContext context)
    {
        if (kept is null)
        {
            record = MakeRoom(plan, record, context);
        }
        else
        {
            WorktreeAtRest.RequireNobody(kept, plan, record, Landed);
        }

        using var worktree = kept is null ? Reopen(plan, record, context) : TemporaryWorktree.Adopt(plan, kept, context);
        try
        {
            return worktree.BringBack(record with { Message = null, Hint = null, Kept = null, Artifacts = Artifacts.AreIncomplete(record) ? null : record.Artifacts }, new EngineVerdict(true, "ended") { IsByHand = true });
        }
        catch when (kept is null)
        {
            worktree.GiveUp();
            throw;
        }
    }

    /// <summary>
    /// Where the run's worktree was, one has to be made again: what git still knows of one that was deleted by hand is kept first; one that is
    /// there is not touched.
    /// </summary>
    private static RunRecord MakeRoom(WorktreePlan plan, RunRecord record, RunContext context)
    {
        var path = record.Worktree!;
        if (RegisteredWorktree.FindMoved(plan.Repository, path) is { } moved)
        {
            throw Cannot(record, $"its worktree was moved to '{moved}'.", StrayWorktree.AfterMoving(moved, record));
        }

        if (Directory.Exists(path))
        {
            throw Cannot(record, $"'{path}' is not the worktree that was made for it: {StrayWorktree.IsReplaced}.", StrayWorktree.AfterReplacing(path, record));
        }

        if (RegisteredWorktree.TryFindGone(plan.Repository, path, plan.Branch, plan.Base.Commit) is { } gone)
        {
            var refs = new RunRefs(plan.Repository, record.Id, plan.Branch, path, plan.Base.Commit);
            _ = refs.HoldFromRegistration();
            Removal.Remove(plan.Repository, plan.Directory, path, gone.AdminDirectory, context.TakeLock, record.Id);
            record = record with { RescueRef = refs.RescueRef ?? record.RescueRef };
        }

        return record;
    }

    private static TemporaryWorktree Reopen(WorktreePlan plan, RunRecord record, RunContext context)
    {
        var tip = plan.Repository.Git.ReadOnly().Try(["rev-parse", "--verify", "--quiet", plan.Branch.Ref]).Output;
        var commit = CommitId.TryParse(tip) ?? CommitId.TryParse(record.MergeBack?.Commit);
        return commit is { } found && record.MergeBack?.Result is not MergeBackResult.Nothing
            ? TemporaryWorktree.Reopen(plan, plan.Base.Commit, found, context)
            : throw Cannot(record, "it left no work.");
    }

    /// <summary>Decided like a new run's: a base that is a tag or a commit is no branch to land on, and none of its name is made.</summary>
    private static WorkTarget LocalTarget(RunRecord record, ProjectConfig project, Repository repository)
    {
        var name = record.Base!.Ref;
        return WorkTarget.Decide(MergeBackPolicy.Merge, project, name, new BaseResolver(repository, project.PushRemote).TryResolve(name)?.Branch);
    }

    private static WorktreeIsolatorException Cannot(RunRecord record, string why, string? hint = null) => WorktreeAtRest.Cannot(record, Landed, why, hint);
}

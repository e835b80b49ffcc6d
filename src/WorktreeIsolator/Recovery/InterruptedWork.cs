using WorktreeIsolator.Configuration;
using WorktreeIsolator.Git;
using WorktreeIsolator.MergeBack;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Records;
using WorktreeIsolator.RunDirectories;

namespace WorktreeIsolator.Recovery;

/// <summary>
/// What a run with a worktree has left whose supervisor is gone: its landing is healed, its work kept, its worktree taken away. Its processes have been
/// ended before.
/// </summary>
/// <param name="project">The run's project.</param>
/// <param name="repository">Its repository.</param>
/// <param name="store">The repository's runs.</param>
/// <param name="context">The run, as recovery goes on with it.</param>
internal sealed class InterruptedWork(ProjectConfig project, Repository repository, RunStore store, RunContext context)
{
    /// <summary>Brings it to where a run that failed would have left it.</summary>
    /// <param name="record">The run's record.</param>
    /// <returns>The record, with what became of the work and the worktree; its state is the same.</returns>
    /// <exception cref="WorktreeIsolatorException">Something is in the way; nothing is lost, and it can be tried again.</exception>
    public RunRecord BringBack(RunRecord record)
    {
        if (WorktreePlan.Of(record, project, repository) is not { } plan)
        {
            return WithItsRefs(record);
        }

        RemoveLocks(record, plan);
        return WithItsRefs(record.Session is { } name && !MayTakeAway(record, name)
            ? BringSessionBack(record, plan)
            : BringWorktreeBack(HealLanding(record), plan));
    }

    /// <summary>
    /// Ends what a landing or dropping of a run that is over has left whose wt-run died: a fast-forward that broke off, the worktree that it had made
    /// again, what git still knows of one that is gone. A worktree that is kept stays.
    /// </summary>
    /// <param name="record">The run's record.</param>
    /// <returns>The record, which names no kept worktree that is not there, and the rescue.</returns>
    /// <exception cref="WorktreeIsolatorException">Something is in the way; nothing is lost, and it can be tried again.</exception>
    public RunRecord EndWhatPersonBegan(RunRecord record)
    {
        if (WorktreePlan.Of(record, project, repository) is not { } plan)
        {
            return record;
        }

        RemoveLocks(record, plan);
        _ = HealLanding(record);
        if (record.Session is null)
        {
            record = RegisteredWorktree.TryFind(record.Worktree!, plan.Branch, plan.Base.Commit) is { } found
                ? record.Kept is null ? TakeAwayLeftOver(plan, found, record, context) : record
                : ForgetGone(record, plan);
        }

        return WithItsRefs(record);
    }

    /// <summary>
    /// Takes away a worktree that is not kept, but left over: a landing by hand was killed, or a removal failed. What is in it is of its verify
    /// command, not work; what a person may have done there is rescued.
    /// </summary>
    /// <param name="plan">The run's plan.</param>
    /// <param name="found">The worktree. No process of the run is at work in it.</param>
    /// <param name="record">The run.</param>
    /// <param name="context">The run.</param>
    /// <returns>The record, with the rescue.</returns>
    /// <exception cref="WorktreeIsolatorException">Someone is at work in it.</exception>
    public static RunRecord TakeAwayLeftOver(WorktreePlan plan, RegisteredWorktree found, RunRecord record, RunContext context)
    {
        if (ProcessesInDirectory.Find(found.Path) is { Count: > 0 } busy)
        {
            throw new WorktreeIsolatorException(FailureKind.Usage, $"Someone is at work in '{found.Path}', which a landing of run {record.Id} left: {string.Join(", ", busy)}.", "Let them leave that directory first.");
        }

        using var leftOver = TemporaryWorktree.Adopt(plan, found, context);

        // Without an index its files had not all been written yet: nobody has worked in it.
        var rescue = File.Exists(Path.Combine(found.AdminDirectory, "index")) ? leftOver.SetAside() : null;
        leftOver.GiveUp();
        return record with { RescueRef = rescue ?? record.RescueRef };
    }

    /// <summary>What git knows of a worktree whose directory is gone: a dropping was killed on its way, or git while it made the worktree again.</summary>
    private RunRecord ForgetGone(RunRecord record, WorktreePlan plan)
    {
        var path = record.Worktree!;
        var admin = Path.Combine(repository.CommonDirectory, "worktrees", Path.GetFileName(path));
        if (Directory.Exists(path) && !Directory.EnumerateFileSystemEntries(path).Any())
        {
            Directory.Delete(path);
        }

        if (Path.Exists(path) || RegisteredWorktree.FindMoved(repository, path) is not null)
        {
            return record;
        }

        if (Directory.Exists(admin))
        {
            _ = new RunRefs(repository, record.Id, plan.Branch, path, plan.Base.Commit).HoldFromRegistration();
            Removal.Remove(repository, plan.Directory, path, admin, context.TakeLock, record.Id);
        }

        return record with { Kept = record.Kept?.Path == path ? null : record.Kept };
    }

    /// <summary>Those of a git that was killed while it deleted a ref, made the run branch, or moved a target that is checked out nowhere.</summary>
    private void RemoveLocks(RunRecord record, WorktreePlan plan)
    {
        LeftLock.Remove(repository, record.CreatedAt);
        LeftLock.Remove(repository, record.CreatedAt, plan.Branch.Ref);
        if (plan.Target.Branch is { } target)
        {
            LeftLock.Remove(repository, record.CreatedAt, target.Ref);
        }
    }

    /// <summary>First of all: it is a person's checkout, and what has landed is known only afterwards.</summary>
    private RunRecord HealLanding(RunRecord record) =>
        BrokenLanding.LastOf(context.Journalled(RunEvents.Landing)) is not { } broken || broken.Heal(repository, record.Id, record.CreatedAt)
            ? record
            : record with { Hint = $"Its landing broke off in '{broken.Path}', and not all that git had written there could be taken back: see 'git status' there." };

    /// <summary>Whether it died while it made the session's worktree: no engine has run in that, and nobody else had the session's turn since.</summary>
    private bool MayTakeAway(RunRecord record, string session) =>
        record.State == RunState.Preparing && store.Sessions.TryRead(session) is null or { HasWorktree: false };

    /// <summary>What its engine left is committed, and the session stays.</summary>
    private RunRecord BringSessionBack(RunRecord record, WorktreePlan plan)
    {
        // One that has not come so far had not got the session's turn, or had not found the worktree: that is none of its.
        if (record.State < RunState.Starting)
        {
            return record;
        }

        if (RegisteredWorktree.TryFind(record.Worktree!, plan.Branch, plan.Base.Commit) is { } registered)
        {
            using var worktree = TemporaryWorktree.Adopt(plan, registered, context);
            return worktree.BringBack(record, new EngineVerdict(false, "was interrupted"));
        }

        return record with { MergeBack = record.MergeBack! with { Result = MergeBackResult.Kept } };
    }

    private RunRecord BringWorktreeBack(RunRecord record, WorktreePlan plan)
    {
        var path = record.Worktree!;
        if (RegisteredWorktree.TryFind(path, plan.Branch, plan.Base.Commit) is { } registered)
        {
            if (record.State >= RunState.Starting)
            {
                using var worktree = TemporaryWorktree.Adopt(plan, registered, context);
                return worktree.BringBack(record, new EngineVerdict(false, "was interrupted"));
            }

            // No engine has run in it.
            Removal.Remove(repository, plan.Directory, path, registered.AdminDirectory, context.TakeLock, record.Id);
        }
        else if (Directory.Exists(path) && (record.State >= RunState.Starting || Directory.EnumerateFileSystemEntries(path).Any()))
        {
            return StrayWorktree.Keep(path, record);
        }
        else
        {
            // Gone, or made by a 'git worktree add' that was killed before it wrote anything into it.
            if (record.State >= RunState.Starting && RegisteredWorktree.TryFindGone(repository, path, plan.Branch, plan.Base.Commit) is { } gone)
            {
                using var worktree = TemporaryWorktree.Adopt(plan, gone, context);
                record = record with { RescueRef = worktree.RescueFromRegistration() ?? record.RescueRef };
                if (worktree.WhyRegistrationStays is { } stays)
                {
                    return record with { Kept = new KeptInfo(Path.Combine(gone.AdminDirectory, "modules"), stays), Hint = worktree.HowRegistrationGoes };
                }
            }

            using var taken = context.TakeLock();
            if (Directory.Exists(path))
            {
                Directory.Delete(path);
            }

            _ = repository.Git.Try(["worktree", "remove", "-f", "-f", path]);
            Removal.ForgetHalfMade(repository, path);
        }

        return Delivered(record, plan);
    }

    /// <summary>Of a run whose worktree is gone: where its work is.</summary>
    private RunRecord Delivered(RunRecord record, WorktreePlan plan)
    {
        // It may have died after it had delivered its work and removed the worktree; then something else holds the run branch, if that is still there.
        var notes = context.Journalled(RunEvents.Landing);
        if (WorkDelivery.FindDelivered(repository, project, plan.Target, plan.Branch, notes) is { Commit: { } landed } delivered)
        {
            DeleteBranchHeldBy(
                delivered.Result == MergeBackResult.Landed ? landed.ToString() : plan.Target.PushedTo(project, plan.Branch).TrackingRef(repository.Config), record, plan);
            return record with { MergeBack = record.MergeBack! with { Result = delivered.Result, Commit = landed.ToString() } };
        }

        // The run branch goes if it is still where the run began; with commits on it, it is the work and stays. A session's stays with the session.
        var tip = new RunRefs(repository, record.Id, plan.Branch, record.Worktree!, plan.Base.Commit).BranchTip;
        var isUnused = tip is null ? record.RescueRef is null : !IsOfSession(record) && RunRefs.WhyNotDeleted(repository, plan.Branch, plan.Base.Commit, record.Id) is null;
        return record with { MergeBack = record.MergeBack! with { Result = !isUnused ? MergeBackResult.Kept : HadBegun(record) ? MergeBackResult.Nothing : null } };
    }

    /// <summary>Whether anything had been made for it. A power cut may have taken that back out of the record: it is looked for all the same.</summary>
    private static bool HadBegun(RunRecord record) => record.State >= RunState.Preparing;

    private bool IsOfSession(RunRecord record) => record.Session is { } name && store.Sessions.TryRead(name) is not null;

    /// <summary>What landed may be a merge, or a copy of what is on the branch; what of it is nowhere else was rescued before the worktree went.</summary>
    private void DeleteBranchHeldBy(string holder, RunRecord record, WorktreePlan plan)
    {
        var refs = new RunRefs(repository, record.Id, plan.Branch, record.Worktree!, plan.Base.Commit);
        if (refs.BranchTip is { } tip
            && (repository.IsAncestor(tip, holder) || (refs.RescueTip is { } rescued && repository.IsAncestor(tip, rescued.ToString()))))
        {
            _ = RunRefs.WhyNotDeleted(repository, plan.Branch, tip, record.Id);
        }
    }

    /// <summary>The rescue ref may have been made by the process that died; the ref that holds a merge until it has landed is of no use any more.</summary>
    private RunRecord WithItsRefs(RunRecord record)
    {
        _ = repository.WithoutHooks().DeleteRef(WorkLanding.MergeRefOf(record.Id), null, record.Id);
        return record with { RescueRef = record.RescueRef ?? new RescueRef(repository, record.Id).NameIfThere };
    }
}

using System.Text;
using WorktreeIsolator.Configuration;
using WorktreeIsolator.Git;
using WorktreeIsolator.MergeBack;
using WorktreeIsolator.Platform;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.RunDirectories;

// The work, taken to where the project wants it; a session's stays.
internal sealed partial class TemporaryWorktree
{
    /// <summary>The work is safe: whatever goes wrong with its delivery, the worktree goes, and a person can land it later.</summary>
    private WorkOutcome DeliverOrBreakOff(KeptWork work, EngineVerdict verdict)
    {
        var hint = $"The work is kept. To land it: wt-run land {_context.RunId}";
        try
        {
            if (_plan.Session is { } session)
            {
                DurableFile.Replace(Sessions.LandingFile(session.Value), Encoding.ASCII.GetBytes(work.Tip.ToString()), sync: true);
            }

            return Deliver(work);
        }
        catch (OperationCanceledException) when (!verdict.IsByHand)
        {
            return Undelivered(work) with { BrokenOff = RunState.Cancelled, Message = "It was cancelled before its work had landed.", Hint = hint };
        }
        catch (Exception e) when (!verdict.IsByHand && e is WorktreeIsolatorException or IOException or UnauthorizedAccessException)
        {
            return Undelivered(work) with { BrokenOff = RunState.Failed, Message = e.Message, Hint = hint };
        }
        catch when (_plan.Session is not null)
        {
            LeaveLanding(work);
            throw;
        }
    }

    /// <summary>Nothing of a session lands by itself: a person says when.</summary>
    private bool StaysInSession(EngineVerdict verdict) => _plan.Session is not null && !verdict.IsByHand;

    private WorkOutcome KeptInSession(KeptWork work)
    {
        if (work.Unfinished is { } unfinished)
        {
            _context.Warn($"The session's worktree was left unfinished: {unfinished}. Its next run finds it so.");
        }

        return new WorkOutcome(MergeBackResult.Kept, work.Tip);
    }

    /// <summary>
    /// A worktree that stays goes on on its branch, wherever HEAD was left, if the branch holds all of it. The index and the files are those of the
    /// tip already, but after a delivery: verify and rebase ran there on another commit, and what they left is no work.
    /// </summary>
    private void GoBackToBranch(KeptWork work, bool afterDelivery)
    {
        if (work.Unfinished is not null || _git.ReadOnly().Try(["symbolic-ref", "--quiet", "HEAD"]).Output == _worktree.Branch.Ref)
        {
            return;
        }

        if (afterDelivery && DeliveryUsesWorktree)
        {
            ExactCheckout.Of(_git, work.Tip);
        }

        if (work.RunBranchTip == work.Tip)
        {
            PointHeadAtBranch();
        }
    }

    /// <summary>The session goes on as if there had been no landing.</summary>
    private void LeaveLanding(KeptWork work)
    {
        GoBackToBranch(work, afterDelivery: true);
        File.Delete(Sessions.LandingFile(_plan.Session!.Value));
    }

    /// <summary>A supervisor that died may have landed or pushed the work, and not have said so.</summary>
    private WorkOutcome? DeliveredBefore() =>
        WorkDelivery.FindDelivered(_plan.Repository, _plan.Project, _plan.Target, _worktree.Branch, _context.Journalled(RunEvents.Landing));

    private WorkOutcome Undelivered(KeptWork work) => work.Tip == _worktree.Base && work.KeepWorktree is null
        ? new WorkOutcome(MergeBackResult.Nothing, null)
        : new WorkOutcome(MergeBackResult.Kept, work.Tip);

    /// <summary>Whoever started it in a run in place waits for it, and lands its work when that ends: to wait for that would be for nothing.</summary>
    private bool IsInsideOneInPlace => RunEnvironment.Parents(_context.Environment)
        .Select(new RunStore(_plan.Repository.StateDirectory).TryRead).Any(run => run is { Isolation.Kind: "in_place" } && !run.State.IsFinal());

    private WorkOutcome Deliver(KeptWork work)
    {
        var (repository, project, target) = (_plan.Repository, _plan.Project, _plan.Target);
        var runHooks = project.Hooks == HookMode.Run;
        Action<string> note = detail => _context.Journal(RunEvents.Landing, detail);
        var push = new Push(repository, _git, runHooks, note);
        LandingPlace? place = target switch
        {
            { Branch: { } here } => new Landing(
                repository, project, here, _context.RunId, note, tree => DeadRun.EndThoseInPlace(new RunStore(repository.StateDirectory), tree, _context.Environment, project.KeepProcesses, _context.Cancel)),
            { Remote: { } there } => new PushedTarget(
                repository, there, push, cancel => SharedFetch.FetchTip(repository.FetchingFor(_context.RunId), there, cancel), work.Tip, () => _context.Journalled(RunEvents.Landing)),
            _ => null,
        };
        var landing = new WorkLanding(
            repository,
            IsInsideOneInPlace ? project with { LandWait = TimeSpan.Zero } : project,
            _context.RunId,
            _worktree.Branch,
            _worktree.Base,
            work.KeepWorktree is not null || project.KeepOnFailure || _plan.Session is not null ? _worktree.Path : null,
            // In the worktree itself: from anywhere else merge-tree reads no .gitattributes, and so finds no merge driver (git 2.39).
            new Merge(_git.At(_worktree.Path), Identity.FallbackVariables(repository)),
            commit => Verification.Passes(project, _git, commit, EngineDirectory, _environment, _context),
            _context.Began);
        var outcome = new WorkDelivery(
            project,
            target,
            place,
            landing,
            push,
            new UnseenChanges(repository, _git, project, TargetRef, _contents.Placed, _contents.PlacedFile, _plan.GoverningPaths),
            _context.RunId).Deliver(
            work.Tip,
            work.Unfinished is { } why ? (why, work.Remedy!) : null,
            _worktree.Base,
            _worktree.Branch,
            $"Merge {(_plan.Session is { } session ? $"session {session}" : $"run {_context.RunId} ({_context.Trigger})")} into {target.Branch?.Value ?? target.Remote?.Branch}\n",
            _context.Cancel);
        return outcome is { Result: MergeBackResult.Pushed, Commit: { } pushed }
            ? outcome.With(AfterPush.WhyFailed(project, _git, pushed, target.PushedTo(project, _worktree.Branch).Branch, EngineDirectory, _environment, _context))
            : outcome;
    }

    /// <summary>What holds the work here once it has landed: the target, or where the target of a remote is seen.</summary>
    private string? TargetRef => _plan.Target.Branch?.Ref ?? _plan.Target.Remote?.TrackingRef(_plan.Repository.Config);

    private RunRecord Described(RunRecord record, WorkOutcome outcome, EngineVerdict verdict) => record with
    {
        State = verdict.Succeeded ? outcome.BrokenOff ?? (outcome.IsDone ? RunState.Succeeded : RunState.NeedsMerge) : record.State,
        MergeBack = record.MergeBack! with
        {
            Result = outcome.Result,
            Target = _plan.Target.Name ?? record.MergeBack.Target,
            Commit = outcome.Commit?.ToString(),
            Conflicts = outcome.Conflicts,
        },
        Message = outcome.Message ?? record.Message,
        Hint = outcome.Hint ?? record.Hint,
    };
}

using WorktreeIsolator.Configuration;
using WorktreeIsolator.Git;
using WorktreeIsolator.MergeBack;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.RunDirectories;

// The worktree and the run branch, given back or left; and what is said of a worktree that is no longer there.
internal sealed partial class TemporaryWorktree
{
    /// <summary>Gives the worktree back, and the run branch where something else holds all of it.</summary>
    private RunRecord Release(RunRecord record, KeptWork work, WorkOutcome outcome, string? keepWorktree)
    {
        var rescueRef = work.RescueRef ?? record.RescueRef;
        var branchGoes = outcome.Result is MergeBackResult.Nothing or MergeBackResult.Landed or MergeBackResult.Pushed;
        if (outcome.Result == MergeBackResult.Kept && _plan.Target.Policy == MergeBackPolicy.None && record.State == RunState.Succeeded)
        {
            var held = TryHold(work.Tip);
            rescueRef = held ?? rescueRef;
            branchGoes = held is not null;
        }

        if (keepWorktree is not null)
        {
            return record with
            {
                RescueRef = rescueRef,
                Kept = new KeptInfo(_worktree.Path, keepWorktree),
                Message = record.Message ?? $"The worktree is kept: {keepWorktree}.",
                Hint = record.Hint ?? (work.BeyondRefs is null ? "" : "What no ref can hold has to go first: move it out of the worktree, or delete it there.\n")
                    + $"When you have what you need from it: wt-run drop {_context.RunId}",
            };
        }

        CommitId? deletable;
        try
        {
            if (outcome is { Result: MergeBackResult.Landed or MergeBackResult.Pushed } && work.RunBranchTip is { } original
                && !IsIn(original, outcome.Commit?.ToString()) && !IsHeldElsewhere(original, outcome, rescueRef))
            {
                // Squashed or rebased: what landed does not descend from what the engine committed.
                rescueRef = HoldOnceMoreIfGitWasKilled(original);
            }

            deletable = branchGoes && work.RunBranchTip is { } tip && IsHeldElsewhere(tip, outcome, rescueRef) ? tip : null;
            TakeAway(deletable);
            NoteIgnored();
        }
        catch (Exception e) when (e is WorktreeIsolatorException or IOException or UnauthorizedAccessException)
        {
            // The work is where it belongs; that something is left over changes nothing of that.
            _context.Warn($"The worktree '{_worktree.Path}' could not be removed; 'wt-run prune' tries again. {e.Message}");
            return record with { RescueRef = rescueRef };
        }

        if (deletable is null && work.RunBranchTip is not null && branchGoes)
        {
            _context.Warn($"The branch '{_worktree.Branch}' is kept: it holds commits that nothing else does.");
        }

        return record with { RescueRef = rescueRef };
    }

    private string HoldOnceMoreIfGitWasKilled(CommitId commit)
    {
        try
        {
            return RescueFor().Hold(commit);
        }
        catch (GitException e) when (e.WasKilled)
        {
            RescueFor().BreakLocks();
            return RescueFor().Hold(commit);
        }
    }

    /// <summary>The work is on its branch; that it is not under a ref of its own besides changes nothing of that.</summary>
    private string? TryHold(CommitId commit)
    {
        try
        {
            return HoldOnceMoreIfGitWasKilled(commit);
        }
        catch (GitException e)
        {
            _context.Warn($"The branch '{_worktree.Branch}' is kept: {e.Message}");
            return null;
        }
    }

    /// <summary>No ref holds what git ignores: it goes with the worktree, and the journal says what that was.</summary>
    private void NoteIgnored()
    {
        if (_ignored.Count > 0)
        {
            var more = _ignored.Count > MostIgnoredNames ? $" and {_ignored.Count - MostIgnoredNames} more" : "";
            _context.Note("ignored", $"What git ignores went with the worktree: {string.Join(", ", _ignored.Take(MostIgnoredNames))}{more}");
        }
    }

    private bool IsHeldElsewhere(CommitId tip, WorkOutcome outcome, string? rescueRef)
    {
        if (tip == _worktree.Base)
        {
            return true;
        }

        var holder = outcome.Result switch
        {
            MergeBackResult.Landed => outcome.Commit?.ToString(),
            MergeBackResult.Pushed => _plan.Target.PushedTo(_plan.Project, _worktree.Branch).TrackingRef(_plan.Repository.Config),
            MergeBackResult.Nothing => TargetRef,
            _ => null,
        };
        return IsIn(tip, holder) || IsIn(tip, rescueRef);
    }

    private bool IsIn(CommitId tip, string? holder) =>
        holder is not null && _plan.Repository.IsAncestor(tip, holder);

    private void TakeAway(CommitId? deleteBranchAt)
    {
        Removal.Remove(_plan.Repository, _plan.Directory, _worktree.Path, _worktree.AdminDirectory, _context.TakeLock, _context.RunId);
        if (deleteBranchAt is null)
        {
            return;
        }

        if (RunRefs.WhyNotDeleted(_plan.Repository, _worktree.Branch, deleteBranchAt.Value, _context.RunId) is { } why)
        {
            _context.Warn($"The branch '{_worktree.Branch}' is kept: {why}.");
        }
    }

    /// <summary>
    /// git could not make a commit of what the engine left: it stays where it is. The worktree of a session stays anyway, and is the session's: kept of
    /// this run, the record would name it still when the session has long ended.
    /// </summary>
    private RunRecord NotKept(RunRecord record, EngineVerdict verdict, string why) => record with
    {
        State = verdict.Succeeded ? RunState.Failed : record.State,
        Message = $"The engine {verdict.Description}, and its uncommitted work could not be committed. {why}",
        Hint = _plan.Session is { } session
            ? $"It is in '{_worktree.Path}', where the session's next run finds it. After mending the cause: wt-run land {session}"
            : $"It is in '{_worktree.Path}'. After mending the cause: wt-run land {_context.RunId}",
        Kept = _plan.Session is null ? new KeptInfo(_worktree.Path, $"its work could not be committed: {why}") : null,
        MergeBack = record.MergeBack! with { Result = MergeBackResult.Kept },
    };

    /// <summary>The directory is gone, or is no longer the one that was made: nothing in it is touched, nothing lands.</summary>
    private RunRecord Vanished(RunRecord record)
    {
        if (_worktree.MovedTo is { } moved)
        {
            return record with
            {
                State = RunState.Failed,
                Message = $"The worktree '{_worktree.Path}' was moved to '{moved}' during the run.",
                Hint = StrayWorktree.AfterMoving(moved, record),
                Kept = new KeptInfo(moved, "it was moved there during the run"),
                MergeBack = record.MergeBack! with { Result = MergeBackResult.Kept },
            };
        }

        var isGone = !System.IO.Directory.Exists(_worktree.Path);
        var rescueRef = record.RescueRef;
        if (isGone)
        {
            rescueRef = RescueFromRegistration() ?? rescueRef;
            if (WhyRegistrationStays is { } stays)
            {
                return record with
                {
                    State = RunState.Failed,
                    Message = $"The worktree '{_worktree.Path}' was deleted while the run was under way; {stays}.",
                    Hint = HowRegistrationGoes,
                    RescueRef = rescueRef,
                    Kept = new KeptInfo(Path.Combine(_worktree.AdminDirectory, "modules"), stays),
                    MergeBack = record.MergeBack! with { Result = MergeBackResult.Kept },
                };
            }

            TakeAway(deleteBranchAt: null);
        }

        return record with
        {
            State = RunState.Failed,
            Message = isGone
                ? $"The worktree '{_worktree.Path}' was deleted while the run was under way."
                : $"The worktree '{_worktree.Path}' is no longer the one that was made: its .git does not name '{_worktree.AdminDirectory}'.",
            Hint = isGone
                ? $"What the run committed is on the branch '{_worktree.Branch}'{(rescueRef is null ? "" : $", and under {rescueRef}")}."
                : StrayWorktree.AfterReplacing(_worktree.Path, record),
            RescueRef = rescueRef,
            Kept = isGone ? null : new KeptInfo(_worktree.Path, StrayWorktree.IsReplaced),
            MergeBack = record.MergeBack! with { Result = MergeBackResult.Kept },
        };
    }
}

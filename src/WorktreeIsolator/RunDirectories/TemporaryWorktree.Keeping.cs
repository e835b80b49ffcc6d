using WorktreeIsolator.Configuration;
using WorktreeIsolator.Git;
using WorktreeIsolator.MergeBack;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.RunDirectories;

// What the engine left, made safe before anything else is done with it.
internal sealed partial class TemporaryWorktree
{
    /// <summary>
    /// Brings everything in a kept worktree under a ref, as of a run that failed, so that <see cref="GiveUp"/> loses nothing. Whoever calls has
    /// made sure that nobody is at work there.
    /// </summary>
    /// <exception cref="WorktreeIsolatorException">It holds something that no ref can hold, or an artifact that cannot be copied.</exception>
    public RunRecord MakeSafe(RunRecord record)
    {
        var work = KeepWork(new EngineVerdict(false, "ended") { IsByHand = true });
        var artifacts = record.Artifacts is { } taken && !Artifacts.AreIncomplete(record) ? new TakenArtifacts(taken, null) : TakeArtifacts();
        if ((work.BeyondRefs ?? artifacts.KeepWorktree) is { } why)
        {
            throw new WorktreeIsolatorException(
                FailureKind.Usage,
                $"The worktree '{_worktree.Path}' of run {_context.RunId} cannot be dropped: {why}.",
                $"{work.Remedy ?? "Move that out of it"}. Or, if you need nothing of all that is in it:\nrm -rf {ShellWords.Quoted(_worktree.Path)}\nThen: wt-run drop {_context.RunId}");
        }

        return record with { RescueRef = work.RescueRef ?? record.RescueRef, Artifacts = artifacts.Info };
    }

    /// <summary>
    /// Brings under the rescue ref what a landing that broke off has left, or someone has done there since; the run branch stays where it is, for
    /// none of it is work of the run. No process of the run is at work there any more.
    /// </summary>
    public string? SetAside()
    {
        var rescue = RescueFor();
        rescue.BreakLocks();
        return rescue.KeepAside();
    }

    /// <summary>Keeps what only the registration of a worktree knows whose directory is gone.</summary>
    /// <returns>The rescue ref; null if there was nothing to keep.</returns>
    public string? RescueFromRegistration() => RescueOfGone.KeepWhatAdminDirectoryHolds();

    /// <summary>Why the registration of a worktree whose directory is gone must stay, as a clause; null if it may go.</summary>
    public string? WhyRegistrationStays => RescueOfGone.WhyRegistrationStays;

    /// <summary>What to do then.</summary>
    public string HowRegistrationGoes => RescueOfGone.HowRegistrationGoes;

    /// <summary>
    /// Takes a session's worktree back to its branch after a landing that was killed: verify or rebase had another commit checked out there. What a
    /// person may have done there since is rescued first.
    /// </summary>
    /// <param name="tip">The session's work when the landing began.</param>
    /// <returns>The rescue ref; null if there was nothing to keep.</returns>
    public string? RecoverFromLanding(CommitId tip)
    {
        RescueFor().BreakLocks();
        _ = _git.WithoutHooks().Try(["rebase", "--quit"]);
        if (_git.ReadOnly().Try(["symbolic-ref", "--quiet", "HEAD"]).Succeeded
            || _git.ReadOnly().Try(["rev-parse", "--verify", "--quiet", _worktree.Branch.Ref]).Output != tip.ToString())
        {
            return null;
        }

        // First, or the branch would follow HEAD to what was to land.
        PointHeadAtBranch();
        var rescued = RescueFor().Keep($"Left by a landing of session {_plan.Session}\n", commitOntoBranch: false, withBranchHistory: false);
        ExactCheckout.Of(_git, tip);
        PointHeadAtBranch();
        return rescued.RescueRef;
    }

    private void PointHeadAtBranch() =>
        _git.WithoutHooks().Run(["symbolic-ref", "-m", "wt-run: back to the branch", "HEAD", _worktree.Branch.Ref]);

    /// <summary>Takes away a worktree and leaves the run branch: all that is in it is known to be held by a ref.</summary>
    public void GiveUp()
    {
        TakeAway(deleteBranchAt: null);
        NoteIgnored();
    }

    /// <summary>Its tip; null if there is none, or git has packed it.</summary>
    private string? ReadStash()
    {
        try
        {
            return File.ReadAllText(Path.Combine(_plan.Repository.CommonDirectory, "refs/stash"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Whether a delivery puts something else into the worktree than the engine left.</summary>
    private bool DeliveryUsesWorktree =>
        _plan.Project.Verify.Count > 0 || _plan.Project.AfterPush.Count > 0 || _plan.Project.MergeStyle == MergeStyle.Rebase;

    /// <summary>What a person has committed on the run branch since, and not in the worktree that was kept, is what they want to land.</summary>
    private KeptWork WhatPersonDid(RunRecord record, KeptWork work, EngineVerdict verdict) =>
        verdict.IsByHand && work.RunBranchTip is { } branch && branch != work.Tip && work.Tip.ToString() == record.MergeBack?.Commit
        && _plan.Repository.IsAncestor(work.Tip, branch.ToString())
            ? work with { Tip = branch }
            : work;

    /// <summary>What is done after a supervisor was killed in the middle does as well when only its git was.</summary>
    private KeptWork KeepWorkOnceMoreIfGitWasKilled(EngineVerdict verdict)
    {
        try
        {
            return KeepWork(verdict);
        }
        catch (GitException e) when (!verdict.IsByHand && e.WasKilled)
        {
            return KeepWork(verdict);
        }
    }

    private KeptWork KeepWork(EngineVerdict verdict)
    {
        var rescue = RescueFor();
        if (!verdict.IsByHand)
        {
            rescue.BreakLocks();
            if (_context.Journalled(WorkNote) is [.., var tip])
            {
                // A process before us kept the work and died: what is in the worktree now is of its verify command or rebase.
                _ = _git.WithoutHooks().Try(["rebase", "--quit"]);
                ExactCheckout.Of(_git, CommitId.Parse(tip));
            }
        }

        var work = rescue.Keep(
            $"Work of run {_context.RunId} ({_context.Trigger})\n\nUncommitted when the engine {verdict.Description}.\n",
            _plan.Project.Uncommitted == UncommittedWork.Commit,
            withBranchHistory: !verdict.IsByHand);
        _ignored = [.. work.Ignored.Except(_contents.Placed, StringComparer.Ordinal)];
        if (verdict is { Succeeded: true, IsByHand: false } && _plan.Session is null && work.Unfinished is null && DeliveryUsesWorktree)
        {
            _context.Journal(WorkNote, work.Tip.ToString());
        }

        return work;
    }

    private TakenArtifacts TakeArtifacts() =>
        new Artifacts(_worktree, _git, _plan.Project, _contents.Placed, _context.RecordDirectory, _context.Warn).Take();

    private SessionStore Sessions => new(_plan.Repository.StateDirectory);

    private Rescue RescueOfGone => Rescue.OfGone(_plan.Repository, _worktree, _git, _context.RunId, _contents.Placed);

    private Rescue RescueFor() => new(_plan.Repository, _worktree, _git, _context.RunId, _contents.Placed, _plan.Project.RescueLimit);
}

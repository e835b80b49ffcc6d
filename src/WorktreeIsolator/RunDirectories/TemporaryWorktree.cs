using System.Text;
using WorktreeIsolator.Configuration;
using WorktreeIsolator.Git;
using WorktreeIsolator.MergeBack;
using WorktreeIsolator.Platform;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.RunDirectories;

/// <summary>
/// A worktree made for one run: registered under the repository lock, filled outside it, and taken away again once everything in it is
/// reachable elsewhere and the work is where the project wants it. That of a session stays from run to run, until it is landed or dropped.
/// </summary>
internal sealed class TemporaryWorktree : RunDirectory
{
    private const string WorkNote = "work kept";
    private const int MostIgnoredNames = 20;

    private readonly WorktreePlan _plan;
    private readonly RegisteredWorktree _worktree;
    private readonly RunContext _context;
    private readonly GitCommand _git;
    private readonly WorktreeContents _contents;
    private readonly Dictionary<string, string> _environment;
    private readonly string? _stash;
    private IReadOnlyList<string> _ignored = [];

    private TemporaryWorktree(WorktreePlan plan, RegisteredWorktree worktree, RunContext context)
    {
        _plan = plan;
        _worktree = worktree;
        _context = context;

        // No file monitor: it may know the main worktree alone, and what it leaves out would be lost.
        _git = plan.Repository.Git.At(plan.Repository.CommonDirectory)
            .ForWorktree(worktree.AdminDirectory, worktree.Path).OfRun(context.RunId).Configured("core.fsmonitor", "false")
            .EndedBy(context.Kill);
        _contents = new WorktreeContents(plan.Repository, worktree, _git, plan.Project, PlacedFiles.Of(plan, context), context.Warn);
        Variables = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["WT_RUN_WORKTREE"] = worktree.Path,
            ["WT_RUN_BRANCH"] = worktree.Branch.Value,
            ["WT_RUN_BASE"] = worktree.Base.ToString(),
            ["GIT_CEILING_DIRECTORIES"] = plan.Directory.Path,
        };
        _environment = new Dictionary<string, string>(context.Environment, StringComparer.Ordinal);
        foreach (var (name, value) in Variables)
        {
            _environment[name] = value;
        }

        _stash = ReadStash();
    }

    public override string EngineDirectory => Path.Combine(_worktree.Path, _plan.Subdirectory);

    public override IReadOnlyDictionary<string, string> Variables { get; }

    /// <summary>Makes the worktree; if that fails at any step, nothing of it stays.</summary>
    /// <param name="plan">What to make.</param>
    /// <param name="start">The base, after the fetch.</param>
    /// <param name="context">The run.</param>
    public static TemporaryWorktree Create(WorktreePlan plan, RunBase start, RunContext context)
    {
        RegisteredWorktree registered;
        using (context.TakeLock())
        {
            registered = WorktreeRegistration.Register(plan.Repository, plan.Directory, context.RunId, plan.WorktreeName(context.RunId), plan.Branch, start.Commit);
        }

        return Filled(plan, registered, context, deleteBranchAt: registered.Base);
    }

    /// <summary>Makes the worktree of a session anew, from its branch; if that fails at any step, the branch stays.</summary>
    /// <param name="plan">The session's plan.</param>
    /// <param name="context">The run.</param>
    public static TemporaryWorktree Recreate(WorktreePlan plan, RunContext context)
    {
        RegisteredWorktree registered;
        using (context.TakeLock())
        {
            registered = WorktreeRegistration.RegisterOnBranch(
                plan.Repository, plan.Directory, context.RunId, plan.WorktreeName(context.RunId), plan.Branch, plan.Base.Commit);
        }

        return Filled(plan, registered, context, deleteBranchAt: null);
    }

    /// <summary>Continues with the worktree of a run whose supervisor is gone, or one that was kept.</summary>
    public static TemporaryWorktree Adopt(WorktreePlan plan, RegisteredWorktree worktree, RunContext context) => new(plan, worktree, context);

    /// <summary>Makes a worktree again for work that was kept, detached at its tip, so that it can be merged and verified in it.</summary>
    public static TemporaryWorktree Reopen(WorktreePlan plan, CommitId baseCommit, CommitId tip, RunContext context)
    {
        RegisteredWorktree registered;
        using (context.TakeLock())
        {
            registered = WorktreeRegistration.RegisterDetached(plan.Repository, plan.Directory, context.RunId, plan.Branch, baseCommit, tip);
        }

        var worktree = new TemporaryWorktree(plan, registered, context);
        try
        {
            worktree._contents.CheckOut(context.Cancel);
            return worktree;
        }
        catch
        {
            worktree.TakeAway(deleteBranchAt: null);
            throw;
        }
    }

    public override RunRecord BringBack(RunRecord record, EngineVerdict verdict)
    {
        if (!_worktree.IsIntact)
        {
            return Vanished(record);
        }

        _context.Began("keeping the work");
        if (ReadStash() is { } stash && stash != _stash)
        {
            _context.Warn("The stash, which all worktrees of the repository share, has changed during the run. It stays as it is: git stash list");
        }

        KeptWork work;
        try
        {
            work = KeepWork(verdict);
        }
        catch (Exception e) when (!verdict.IsByHand && e is WorktreeIsolatorException or IOException or UnauthorizedAccessException)
        {
            return NotKept(record, verdict, e.Message);
        }
        catch (OperationCanceledException) when (!verdict.IsByHand)
        {
            return NotKept(record, verdict, "It was broken off by a signal.");
        }

        work = WhatPersonDid(record, work, verdict);

        if (_plan.Session is not null)
        {
            GoBackToBranch(work, discard: false);
        }

        var outcome = StaysInSession(verdict) ? KeptInSession(work)
            : verdict.Succeeded ? DeliverOrBreakOff(work, verdict)
            : DeliveredBefore() ?? Undelivered(work);

        // After the delivery: what verify reports is asked for as well. Taken once: a landing by hand comes from what the engine left.
        var artifacts = record.Artifacts is { } taken ? new TakenArtifacts(taken, null) : TakeArtifacts();
        var keepWorktree = work.KeepWorktree ?? artifacts.KeepWorktree
            ?? (_plan.Project.KeepOnFailure && !(verdict.Succeeded && outcome.IsDone) ? "keep_on_failure = true" : null);
        var described = Described(record, outcome, verdict) with { Artifacts = artifacts.Info };
        if (_plan.Session is not null && !(verdict.IsByHand && outcome.IsDone))
        {
            LeaveLanding(work);
            return described with { RescueRef = work.RescueRef ?? record.RescueRef };
        }

        return Release(described, work, outcome, keepWorktree);
    }

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
                $"Its commits are safe. Move the rest out of it, or delete that there; or, when you have what you need from it:\nrm -rf {ShellWords.Quoted(_worktree.Path)}\nThen: wt-run drop {_context.RunId}");
        }

        return record with { RescueRef = work.RescueRef ?? record.RescueRef, Artifacts = artifacts.Info };
    }

    /// <summary>Holds nothing but files and a registration, which <see cref="BringBack"/> deals with, and a crash leaves to recovery.</summary>
    public override void Dispose()
    {
    }

    /// <summary>
    /// Brings under the rescue ref what a landing that broke off has left, or someone has done there since; the run branch stays where it is, for
    /// none of it is work of the run.
    /// </summary>
    public string? SetAside() => RescueFor().KeepAside();

    /// <summary>Keeps what only the registration of a worktree knows whose directory is gone.</summary>
    /// <returns>The rescue ref; null if there was nothing to keep.</returns>
    public string? RescueFromRegistration() => RescueFor().KeepWhatAdminDirectoryHolds();

    /// <summary>Why the registration of a worktree whose directory is gone must stay, as a clause; null if it may go.</summary>
    public string? WhyRegistrationStays => RescueFor().WhyRegistrationStays;

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

    /// <summary>Takes away a worktree and leaves the run branch: all that is in it is known to be held by a ref.</summary>
    public void GiveUp()
    {
        TakeAway(deleteBranchAt: null);
        NoteIgnored();
    }

    private static TemporaryWorktree Filled(WorktreePlan plan, RegisteredWorktree registered, RunContext context, CommitId? deleteBranchAt)
    {
        var worktree = new TemporaryWorktree(plan, registered, context);
        try
        {
            worktree.Fill();
            return worktree;
        }
        catch
        {
            // No engine has run in it, so there is no work to lose.
            worktree.TakeAway(deleteBranchAt);
            throw;
        }
    }

    private void Fill()
    {
        _context.Began($"checking out {_worktree.Base.Abbreviated}");
        _contents.CheckOut(_context.Cancel);
        _contents.Copy();
        _contents.RunPostCheckoutHook(_context.Commands, _environment);
        if (!System.IO.Directory.Exists(EngineDirectory))
        {
            throw new WorktreeIsolatorException(
                FailureKind.Configuration,
                $"The project's path lies in '{_plan.Subdirectory}' of the repository, which does not exist in {_worktree.Base.Abbreviated}.",
                "Commit that directory, or start from a base that has it.");
        }

        _contents.SetUp(_context.Commands, EngineDirectory, _environment);
        _contents.Link(_context.TakeLock);
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

    /// <summary>A worktree that stays holds the work, on its branch, and not what verify or a rebase made of it.</summary>
    private void StandAtWork(KeptWork work)
    {
        if (!DeliveryUsesWorktree || work.Unfinished is not null)
        {
            return;
        }

        try
        {
            ExactCheckout.Of(_git, work.Tip);
            if (work.RunBranchTip == work.Tip)
            {
                _git.WithoutHooks().Run(["symbolic-ref", "HEAD", _worktree.Branch.Ref]);
            }
        }
        catch (Exception e) when (e is GitException or OperationCanceledException)
        {
            _context.Warn($"The worktree '{_worktree.Path}' is kept, and could not be brought back to the run's work: {e.Message}");
        }
    }

    /// <summary>What a person has committed on the run branch since, and not in the worktree that was kept, is what they want to land.</summary>
    private KeptWork WhatPersonDid(RunRecord record, KeptWork work, EngineVerdict verdict) =>
        verdict.IsByHand && work.RunBranchTip is { } branch && branch != work.Tip && work.Tip.ToString() == record.MergeBack?.Commit
        && _plan.Repository.IsAncestor(work.Tip, branch.ToString())
            ? work with { Tip = branch }
            : work;

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
    /// A session goes on on its branch, wherever its engine left HEAD, if the branch holds all of it. The index and the files are those of the tip
    /// already, but after a landing that ended otherwise: verify and rebase ran there on another commit.
    /// </summary>
    private void GoBackToBranch(KeptWork work, bool discard)
    {
        if (work.Unfinished is not null || work.RunBranchTip != work.Tip
            || _git.ReadOnly().Try(["symbolic-ref", "--quiet", "HEAD"]).Output == _worktree.Branch.Ref)
        {
            return;
        }

        if (discard)
        {
            ExactCheckout.Of(_git, work.Tip);
        }

        PointHeadAtBranch();
    }

    /// <summary>The session goes on as if there had been no landing.</summary>
    private void LeaveLanding(KeptWork work)
    {
        GoBackToBranch(work, discard: true);
        File.Delete(Sessions.LandingFile(_plan.Session!.Value));
    }

    private void PointHeadAtBranch() =>
        _git.Run(["symbolic-ref", "-m", "wt-run: back to the session's branch", "HEAD", _worktree.Branch.Ref]);

    /// <summary>A supervisor that died may have landed or pushed the work, and not have said so.</summary>
    private WorkOutcome? DeliveredBefore() =>
        WorkDelivery.FindDelivered(_plan.Repository, _plan.Project, _plan.Target, _worktree.Branch, _context.Journalled(RunEvents.Landing));

    private WorkOutcome Undelivered(KeptWork work) => work.Tip == _worktree.Base && work.KeepWorktree is null
        ? new WorkOutcome(MergeBackResult.Nothing, null)
        : new WorkOutcome(MergeBackResult.Kept, work.Tip);

    private WorkOutcome Deliver(KeptWork work)
    {
        var (repository, project, target) = (_plan.Repository, _plan.Project, _plan.Target);
        var runHooks = project.Hooks == HookMode.Run;
        Action<string> note = detail => _context.Journal(RunEvents.Landing, detail);
        var push = new Push(repository, _git, runHooks, note);
        LandingPlace? place = target switch
        {
            { Branch: { } here } => new Landing(repository, project, here, _context.RunId, note),
            { Remote: { } there } => new PushedTarget(
                repository, there, push, cancel => SharedFetch.FetchTip(repository, there, cancel), work.Tip, () => _context.Journalled(RunEvents.Landing)),
            _ => null,
        };
        var landing = new WorkLanding(
            repository,
            project,
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
            new UnseenChanges(_git, project, TargetRef, _contents.Placed, _contents.PlacedFile, _plan.GoverningPaths),
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

    /// <summary>Gives the worktree back, and the run branch where something else holds all of it.</summary>
    private RunRecord Release(RunRecord record, KeptWork work, WorkOutcome outcome, string? keepWorktree)
    {
        var rescueRef = work.RescueRef ?? record.RescueRef;
        var branchGoes = outcome.Result is MergeBackResult.Nothing or MergeBackResult.Landed or MergeBackResult.Pushed;
        if (outcome.Result == MergeBackResult.Kept && _plan.Target.Policy == MergeBackPolicy.None && record.State == RunState.Succeeded)
        {
            rescueRef = RescueFor().Hold(work.Tip);
            branchGoes = true;
        }

        if (keepWorktree is not null)
        {
            StandAtWork(work);
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
                rescueRef = RescueFor().Hold(original);
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

    /// <summary>No ref holds what git ignores: it goes with the worktree, and the journal says what that was.</summary>
    private void NoteIgnored()
    {
        if (_ignored.Count > 0)
        {
            var more = _ignored.Count > MostIgnoredNames ? $" and {_ignored.Count - MostIgnoredNames} more" : "";
            _context.Note("ignored", $"What git ignores went with the worktree: {string.Join(", ", _ignored.Take(MostIgnoredNames))}{more}");
        }
    }

    private SessionStore Sessions => new(_plan.Repository.StateDirectory);

    private Rescue RescueFor() => new(_plan.Repository, _worktree, _git, _context.RunId, _contents.Placed, _plan.Project.RescueLimit);

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

    /// <summary>git could not make a commit of what the engine left: it stays where it is.</summary>
    private RunRecord NotKept(RunRecord record, EngineVerdict verdict, string why) => record with
    {
        State = verdict.Succeeded ? RunState.Failed : record.State,
        Message = $"The engine {verdict.Description}, and its uncommitted work could not be committed. {why}",
        Hint = $"It is in '{_worktree.Path}'. After mending the cause: wt-run land {_context.RunId}",
        Kept = new KeptInfo(_worktree.Path, $"its work could not be committed: {why}"),
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
                    Hint = $"To push one:\ngit --git-dir=NAME --work-tree=. push origin HEAD:refs/heads/BRANCH\nThen: wt-run drop {_context.RunId}",
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

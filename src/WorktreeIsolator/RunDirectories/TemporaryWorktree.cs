using WorktreeIsolator.Git;
using WorktreeIsolator.MergeBack;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.RunDirectories;

/// <summary>
/// A worktree made for one run: registered under the repository lock, filled outside it, and taken away again once everything in it is
/// reachable elsewhere and the work is where the project wants it. That of a session stays from run to run, until it is landed or dropped.
/// </summary>
internal sealed partial class TemporaryWorktree : RunDirectory
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
            work = KeepWorkOnceMoreIfGitWasKilled(verdict);
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
            GoBackToBranch(work, afterDelivery: false);
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

        if (verdict.Succeeded && keepWorktree is not null)
        {
            StandAtWork(work);
        }

        return Release(described, work, outcome, keepWorktree);
    }

    /// <summary>Holds nothing but files and a registration, which <see cref="BringBack"/> deals with, and a crash leaves to recovery.</summary>
    public override void Dispose()
    {
    }

    private void StandAtWork(KeptWork work)
    {
        try
        {
            GoBackToBranch(work, afterDelivery: true);
        }
        catch (Exception e) when (e is GitException or OperationCanceledException)
        {
            _context.Warn($"The worktree '{_worktree.Path}' is kept, and could not be brought back to the run's work: {e.Message}");
        }
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
}

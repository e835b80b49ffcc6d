using WorktreeIsolator.Configuration;
using WorktreeIsolator.Git;
using WorktreeIsolator.Platform;
using WorktreeIsolator.Queueing;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.MergeBack;

/// <summary>Where a target branch is, and who has it.</summary>
/// <param name="Tip">Its commit; null if it does not exist.</param>
/// <param name="At">The worktrees in which it is checked out, with their admin directories.</param>
/// <param name="ClaimedBy">A worktree in which a rebase or bisect of it is under way; null if there is none.</param>
internal sealed record TargetCheckouts(CommitId? Tip, IReadOnlyList<(WorktreeEntry Entry, string GitDirectory)> At, string? ClaimedBy);

/// <summary>
/// Moves a target branch of this repository forward to a commit that descends from it, wherever it is checked out, without touching anything
/// a person has not committed.
/// </summary>
/// <param name="repository">The repository.</param>
/// <param name="project">The project: its hooks run or not, and its peers are left in peace.</param>
/// <param name="target">The branch.</param>
/// <param name="runId">The run.</param>
/// <param name="note">Writes down, before each step, what is about to be moved.</param>
/// <param name="endDeadInPlace">Ends what runs in place whose supervisor is gone have left at work in a working tree (its top), and says what could not be ended; null if nothing is left.</param>
internal sealed class Landing(
    Repository repository, ProjectConfig project, BranchName target, string runId, Action<string> note, Func<string, string?> endDeadInPlace) : LandingPlace
{
    private readonly bool _runHooks = project.Hooks == HookMode.Run;

    private TargetCheckouts _found = new(null, [], null);

    public override string Name => target.Value;

    public override string LockName => target.Value;

    /// <summary>A target that someone moves all the time must not keep a run busy for ever.</summary>
    public override int Tries => 10;

    public override MergeBackResult Done => MergeBackResult.Landed;

    /// <summary>What a process that died while it landed had landed; null if its target did not get that far.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="target">The branch to land on; null if there was none.</param>
    /// <param name="notes">What landings of the run have noted: each ends with the commit that was to land.</param>
    public static CommitId? FindLanded(Repository repository, BranchName? target, IReadOnlyList<string> notes) =>
        target is not null && notes is [.., var note] && CommitId.TryParse(note.Split(' ')[^1]) is { } commit
        && repository.IsAncestor(commit, target.Ref)
            ? commit
            : null;

    public override LandingOutcome Find(CancellationToken cancellation)
    {
        _found = FindCheckouts();
        return new TargetFound(_found.Tip);
    }

    private TargetCheckouts FindCheckouts()
    {
        var worktrees = WorktreeList.Read(repository);
        var at = new List<(WorktreeEntry Entry, string GitDirectory)>();
        string? claimedBy = null;
        for (var i = 0; i < worktrees.Count; i++)
        {
            var gitDirectory = i == 0 ? repository.CommonDirectory : GitFile.ReadAdminDirectory(worktrees[i].Path);
            if (gitDirectory is null)
            {
                continue;
            }

            if (OperationInProgress.Claims(gitDirectory, target.Ref))
            {
                claimedBy = worktrees[i].Path;
            }

            if (worktrees[i].BranchRef == target.Ref && !worktrees[i].IsBare)
            {
                at.Add((worktrees[i], gitDirectory));
            }
        }

        return new TargetCheckouts(at.Count > 0 ? at[0].Entry.Head : Tip(), at, claimedBy);
    }

    /// <summary>git where the target is checked out, found out anew; null if it is nowhere.</summary>
    /// <param name="obstacle">Who is in the way there, or why it cannot be moved, whatever is to land; null if nothing is.</param>
    public GitCommand? FindCheckout(out LandingOutcome? obstacle)
    {
        _found = FindCheckouts();
        obstacle = WhyNotAtAll();
        if (_found.At is not [var (entry, gitDirectory), ..])
        {
            return null;
        }

        if (obstacle is null)
        {
            obstacle = TryEnter(entry.Path, gitDirectory, out var turn);
            turn?.Dispose();
        }

        return BrokenLanding.GitAt(repository, entry.Path, gitDirectory);
    }

    public override LandingOutcome Try(CommitId commit, CancellationToken cancellation) => WhyNotAtAll() ?? _found.At switch
    {
        [var (entry, gitDirectory)] => FastForwardCheckout(_found.Tip, commit, entry.Path, gitDirectory),
        _ => MoveRef(_found.Tip, commit),
    };

    private LandingOutcome? WhyNotAtAll() => _found switch
    {
        { ClaimedBy: { } path } => new TargetInUse($"a rebase or bisect of '{target}' under way in '{path}'"),
        { At.Count: > 1 } => new LandingRefused(
            $"'{target}' is checked out in several worktrees: {string.Join(", ", _found.At.Select(a => a.Entry.Path))}.",
            "Leave it checked out in one of them at most."),
        _ => null,
    };

    /// <summary>Not <c>push .</c>: that is seven processes, runs hooks and obeys receive.denyCurrentBranch.</summary>
    private LandingOutcome MoveRef(CommitId? old, CommitId commit)
    {
        note($"update-ref {target.Ref} {old?.ToString() ?? "(new)"} {commit}");
        var git = (_runHooks ? repository.Git : repository.Git.WithoutHooks()).OfRun(runId);
        string[] arguments = ["update-ref", "-m", $"wt-run {runId}: land", target.Ref, commit.ToString(), old?.ToString() ?? commit.Zero];
        var began = TimeProvider.System.GetUtcNow();
        var result = git.Try(arguments);
        if (result.Succeeded)
        {
            return new HasLanded();
        }

        if (result.WasKilled)
        {
            LeftLock.Remove(repository, began, target.Ref);
        }

        return Tip() != old ? new TargetMoved() : (LandingOutcome?)WhoeverHoldsALock(result.Error) ?? Rejected(result.Error);
    }

    private LandingOutcome FastForwardCheckout(CommitId? old, CommitId commit, string path, string gitDirectory)
    {
        var busy = TryEnter(path, gitDirectory, out var turn);
        using var held = turn;
        if (busy is not null)
        {
            return busy;
        }

        // Plain --ff-only overwrites ignored files silently, obeys mergeOptions = --squash and leaves autostash conflicts in the files.
        // No time limit and no cancellation: half a checkout is worse than a slow one.
        note(old is { } from ? new BrokenLanding(path, target, from, commit).ToString() : $"merge --ff-only in {path}: {target.Ref} (new) {commit}");
        var repair = new CheckoutRepair(BrokenLanding.GitAt(repository, path, gitDirectory), path, BrokenLanding.Mark(runId));
        var git = repair.Marked.Configured($"branch.{target}.mergeOptions", "").WithTimeout(null);
        var began = TimeProvider.System.GetUtcNow();
        var result = (_runHooks ? git : git.WithoutHooks()).Try(
        [
            "merge", "--ff-only", "--no-overwrite-ignore", "--no-autostash", "--no-squash", "--no-verify-signatures", "--no-stat", "-q",
            commit.ToString(),
        ]);
        if (result.WasKilled)
        {
            // Also if it has moved the branch: HEAD stays locked a moment longer.
            BrokenLanding.RemoveLocks(repository, path, gitDirectory, target, began);
        }

        if (Tip() == commit)
        {
            return new HasLanded();
        }

        if (result.Succeeded)
        {
            // HEAD was switched in this moment, and git moved the other branch, if it could.
            repair.MoveBackOtherBranch(target, commit);
            return NothingMoved(new TargetMoved());
        }

        if (Tip() != old)
        {
            return NothingMoved(new TargetMoved());
        }

        return old is not { } before || IsTakenBack(repair, before, commit, result.Error)
            ? NothingMoved(Explain(path, result))
            : new LandingRefused(
                $"git could not move '{target}', and not all that it had written in '{path}' could be taken back: {result.Error.Trim()}",
                "Look at 'git status' there.",
                MergeBackResult.Rejected);
    }

    /// <summary>It did not break off, so nobody has to heal it later, when what is in the checkout may be a person's own work.</summary>
    private LandingOutcome NothingMoved(LandingOutcome outcome)
    {
        note("nothing was moved");
        return outcome;
    }

    /// <summary>Takes the turn in the checkout; says who is in the way there.</summary>
    private TargetInUse? TryEnter(string path, string gitDirectory, out FileLock? turn)
    {
        var turnPath = DirectoryTurn.PathFor(repository.StateDirectory, gitDirectory);
        turn = DirectoryTurn.TryTake(turnPath, shared: false, $"landing of run {runId}, pid {Environment.ProcessId}");
        return turn is null
            ? new TargetInUse($"a run in '{path}', where '{target}' is checked out: {LockHolder.Describe(turnPath)}", turnPath)
            : WhoeverWorksIn(path, gitDirectory);
    }

    private TargetInUse? WhoeverWorksIn(string path, string gitDirectory)
    {
        // The turn of a dead run is free before its engine has ended.
        if (endDeadInPlace(path) is { } left)
        {
            return new TargetInUse(left);
        }

        if (PeerProcesses.Of(project, repository, path) is { Count: > 0 } peers)
        {
            return new TargetInUse($"{string.Join(", ", peers)} at work in '{path}', where '{target}' is checked out");
        }

        if (OperationInProgress.In(gitDirectory) is { } operation)
        {
            return new TargetInUse($"a {operation} under way in '{path}', where '{target}' is checked out");
        }

        // git would find the branch's own lock only after it has written the files.
        return LockInTheWay(gitDirectory) is { } lockFile ? InUseByGit(lockFile) : null;
    }

    private static bool IsTakenBack(CheckoutRepair repair, CommitId before, CommitId commit, string error)
    {
        try
        {
            return repair.TakeBack(before, commit, error);
        }
        catch (Exception e) when (e is GitException or IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private LandingOutcome Explain(string path, GitResult result)
    {
        if (WhoeverHoldsALock(result.Error) is { } busy)
        {
            return busy;
        }

        var inTheWay = result.Error.Split('\n').Where(line => line.StartsWith('\t')).Select(line => line.Trim()).ToList();
        return inTheWay.Count > 0
            ? new LandingRefused(
                $"Files in '{path}', where '{target}' is checked out, are in the way: {string.Join(", ", inTheWay)}.",
                "Commit, stash or move them.")
            : Rejected(result.Error.Length > 0 ? result.Error : $"'git merge' ended with exit code {result.ExitCode}");
    }

    private string? LockInTheWay(string gitDirectory) =>
        BrokenLanding.Locks(repository, gitDirectory, target).FirstOrDefault(File.Exists);

    private static TargetInUse? WhoeverHoldsALock(string error)
    {
        const string End = ".lock': File exists";
        var end = error.IndexOf(End, StringComparison.Ordinal);
        return end < 0 ? null : InUseByGit(error[(error.LastIndexOf('\'', end) + 1)..end] + ".lock");
    }

    private static TargetInUse InUseByGit(string lockFile) =>
        new($"another git process, which holds '{lockFile}' (if none runs, that file is stale and may be deleted)");

    private static LandingRefused Rejected(string error) =>
        new($"git could not move the branch: {error.Trim()}", "Mend the cause.", MergeBackResult.Rejected);

    private CommitId? Tip() =>
        CommitId.TryParse(repository.Git.ReadOnly().Try(["rev-parse", "--verify", "--quiet", target.Ref]).Output);
}

using WorktreeIsolator.Git;
using WorktreeIsolator.Queueing;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.MergeBack;

/// <summary>What came of one attempt to move the target.</summary>
internal abstract record LandingOutcome;

/// <summary>The target is the commit now.</summary>
internal sealed record HasLanded : LandingOutcome;

/// <summary>The target is no longer where the merge found it.</summary>
internal sealed record TargetMoved : LandingOutcome;

/// <summary>Someone works where the target is checked out; it may be free later.</summary>
internal sealed record TargetInUse(string By) : LandingOutcome;

/// <summary>Files of the user's are in the way, or git or a hook refuses: only a person can help.</summary>
internal sealed record LandingRefused(string Why, string Hint, MergeBackResult Result = MergeBackResult.TargetBusy) : LandingOutcome;

/// <summary>Where a target branch is, and who has it.</summary>
/// <param name="Tip">Its commit; null if it does not exist.</param>
/// <param name="At">The worktrees in which it is checked out, with their admin directories.</param>
/// <param name="ClaimedBy">A worktree in which a rebase or bisect of it is under way; null if there is none.</param>
internal sealed record TargetCheckouts(CommitId? Tip, IReadOnlyList<(WorktreeEntry Entry, string GitDirectory)> At, string? ClaimedBy);

/// <summary>
/// Moves a target branch forward to a commit that descends from it, wherever it is checked out, without touching anything a person has not
/// committed. The caller holds the lock of the target.
/// </summary>
internal sealed class Landing(Repository repository, string runId, bool runHooks, Action<string> note)
{
    /// <summary>What a process that died while it landed had landed; null if its target did not get that far.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="target">The branch to land on; null if there was none.</param>
    /// <param name="notes">What landings of the run have noted: each ends with the commit that was to land.</param>
    public static CommitId? FindLanded(Repository repository, BranchName? target, IReadOnlyList<string> notes) =>
        target is not null && notes is [.., var note] && CommitId.TryParse(note.Split(' ')[^1]) is { } commit
        && repository.Git.ReadOnly().Try(["merge-base", "--is-ancestor", commit.ToString(), target.Ref]).Succeeded
            ? commit
            : null;

    /// <summary>Looks where the target is checked out, and where it is.</summary>
    public TargetCheckouts FindCheckouts(BranchName target)
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

        return new TargetCheckouts(at.Count > 0 ? at[0].Entry.Head : Tip(target), at, claimedBy);
    }

    /// <summary>Tries once.</summary>
    /// <param name="target">The branch to move.</param>
    /// <param name="checkouts">Where the merge found it.</param>
    /// <param name="commit">Where it has to go; where it was found is an ancestor of that.</param>
    public LandingOutcome Try(BranchName target, TargetCheckouts checkouts, CommitId commit)
    {
        if (checkouts.ClaimedBy is { } path)
        {
            return new TargetInUse($"a rebase or bisect of '{target}' under way in '{path}'");
        }

        return checkouts.At.Count switch
        {
            0 => MoveRef(target, checkouts.Tip, commit),
            1 => FastForwardCheckout(target, checkouts.Tip, commit, checkouts.At[0].Entry.Path, checkouts.At[0].GitDirectory),
            _ => new LandingRefused(
                $"'{target}' is checked out in several worktrees: {string.Join(", ", checkouts.At.Select(a => a.Entry.Path))}.",
                "Leave it checked out in one of them at most."),
        };
    }

    /// <summary>Not <c>push .</c>: that is seven processes, runs hooks and obeys receive.denyCurrentBranch.</summary>
    private LandingOutcome MoveRef(BranchName target, CommitId? old, CommitId commit)
    {
        note($"update-ref {target.Ref} {old?.ToString() ?? "(new)"} {commit}");
        var git = runHooks ? repository.Git : repository.Git.WithoutHooks();
        string[] arguments = ["update-ref", "-m", $"wt-run {runId}: land", target.Ref, commit.ToString(), old?.ToString() ?? commit.Zero];
        var result = git.Try(arguments);
        if (result.Succeeded)
        {
            return new HasLanded();
        }

        return Tip(target) != old ? new TargetMoved() : (LandingOutcome?)WhoeverHoldsALock(result.Error) ?? Rejected(result.Error);
    }

    private LandingOutcome FastForwardCheckout(BranchName target, CommitId? old, CommitId commit, string path, string gitDirectory)
    {
        var turnPath = DirectoryTurn.PathFor(repository.StateDirectory, gitDirectory);
        using var turn = DirectoryTurn.TryTake(turnPath, shared: false, $"landing of run {runId}, pid {Environment.ProcessId}");
        if (turn is null)
        {
            return new TargetInUse($"a run in '{path}', where '{target}' is checked out: {Platform.LockHolder.Describe(turnPath)}");
        }

        if (OperationInProgress.In(gitDirectory) is { } operation)
        {
            return new TargetInUse($"a {operation} under way in '{path}', where '{target}' is checked out");
        }

        // git would find the branch's own lock only after it has written the files.
        if (LockInTheWay(target, gitDirectory) is { } lockFile)
        {
            return InUseByGit(lockFile);
        }

        // Plain --ff-only overwrites ignored files silently, obeys mergeOptions = --squash and leaves autostash conflicts in the files.
        // No time limit and no cancellation: half a checkout is worse than a slow one.
        note(old is { } from ? new BrokenLanding(path, target, from, commit).ToString() : $"merge --ff-only in {path}: {target.Ref} (new) {commit}");
        var repair = new CheckoutRepair(BrokenLanding.GitAt(repository, path, gitDirectory), path, BrokenLanding.Mark(runId));
        var git = repair.Marked.Configured($"branch.{target}.mergeOptions", "").WithTimeout(null);
        var result = (runHooks ? git : git.WithoutHooks()).Try(
        [
            "merge", "--ff-only", "--no-overwrite-ignore", "--no-autostash", "--no-squash", "--no-verify-signatures", "--no-stat", "-q",
            commit.ToString(),
        ]);
        if (Tip(target) == commit)
        {
            return new HasLanded();
        }

        if (result.Succeeded)
        {
            // HEAD was switched in this moment, and git moved the other branch, if it could.
            repair.MoveBackOtherBranch(target, commit);
            return new TargetMoved();
        }

        if (Tip(target) != old)
        {
            return new TargetMoved();
        }

        if (result.WasKilled)
        {
            // There was no lock when it began.
            BrokenLanding.RemoveLocks(repository, path, gitDirectory, target, DateTimeOffset.MinValue);
        }

        return old is not { } before || repair.TakeBack(before, commit, result.Error)
            ? Explain(target, path, result)
            : new LandingRefused(
                $"git could not move '{target}', and not all that it had written in '{path}' could be taken back: {result.Error.Trim()}",
                "Look at 'git status' there.",
                MergeBackResult.Rejected);
    }

    private static LandingOutcome Explain(BranchName target, string path, GitResult result)
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

    private string? LockInTheWay(BranchName target, string gitDirectory) =>
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

    private CommitId? Tip(BranchName branch) =>
        CommitId.TryParse(repository.Git.ReadOnly().Try(["rev-parse", "--verify", "--quiet", branch.Ref]).Output);
}

using WorktreeIsolator.Configuration;
using WorktreeIsolator.Git;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.MergeBack;

/// <summary>
/// Takes the work of an engine that ended with 0 to where the project wants it: lands it, pushes it, or keeps it. Nothing that needs a
/// person's eyes goes further than the run branch.
/// </summary>
internal sealed class WorkDelivery(
    ProjectConfig project,
    WorkTarget target,
    GitCommand worktreeGit,
    WorkLanding landing,
    string runId,
    IReadOnlyList<string> placed,
    IReadOnlyList<string> governingPaths)
{
    /// <summary>Delivers.</summary>
    /// <param name="tip">The work; a ref holds it already.</param>
    /// <param name="unfinished">Why nothing of it may go further; null if it may.</param>
    /// <param name="baseCommit">What the run began from.</param>
    /// <param name="branch">The run branch.</param>
    /// <param name="message">For a merge commit.</param>
    /// <param name="cancellation">Ends waiting; never an attempt under way.</param>
    public WorkOutcome Deliver(
        CommitId tip, string? unfinished, CommitId baseCommit, BranchName branch, string message, CancellationToken cancellation)
    {
        if (unfinished is not null)
        {
            return Blocked(tip, $"The worktree was left unfinished: {unfinished}.", "Finish or abort it in the worktree that was kept, then");
        }

        if (tip == baseCommit)
        {
            return new WorkOutcome(MergeBackResult.Nothing, null);
        }

        if (target.Policy is MergeBackPolicy.Branch or MergeBackPolicy.None)
        {
            return new WorkOutcome(MergeBackResult.Kept, tip);
        }

        return WhyNotByItself(tip, baseCommit) ?? (target.Policy == MergeBackPolicy.Merge
            ? landing.Land(target.Branch!, tip, message, cancellation)
            : PushRunBranch(tip, branch, cancellation));
    }

    /// <summary>What no run may land unseen: a file that wt-run itself placed, or a change of what governs the run.</summary>
    private WorkOutcome? WhyNotByItself(CommitId tip, CommitId baseCommit)
    {
        if (placed.Count > 0)
        {
            var committed = worktreeGit.ReadOnly().Run(["ls-tree", "-r", "-z", "--name-only", tip.ToString(), "--", .. placed]).Fields;
            if (committed.Length > 0)
            {
                return Blocked(
                    tip,
                    $"The run committed what wt-run had placed in its worktree by copy or link: {string.Join(", ", committed)}.",
                    "Take it out of the run's branch, then");
            }
        }

        if (governingPaths.Count == 0)
        {
            return null;
        }

        var changed = worktreeGit.ReadOnly().Run(["diff", "--name-only", "-z", baseCommit.ToString(), tip.ToString(), "--", .. governingPaths]).Fields;
        return changed.Length == 0
            ? null
            : Blocked(tip, $"The run changed what governs it: {string.Join(", ", changed)}.", "Read the change; if it is right,");
    }

    private WorkOutcome PushRunBranch(CommitId tip, BranchName branch, CancellationToken cancellation)
    {
        var push = new Push(worktreeGit, project.PushRemote, project.Hooks == HookMode.Run);
        return push.Try(tip, branch.Ref, cancellation) switch
        {
            PushRejected rejected => new WorkOutcome(
                MergeBackResult.Rejected,
                tip,
                Message: $"'{project.PushRemote}' did not take the branch '{branch}':\n{rejected.Why}",
                Hint: $"The branch is kept. After mending the cause: wt-run land {runId}"),
            _ => new WorkOutcome(MergeBackResult.Pushed, tip),
        };
    }

    private WorkOutcome Blocked(CommitId tip, string message, string hint) =>
        new(MergeBackResult.Blocked, tip, Message: message, Hint: $"{hint} wt-run land {runId}");
}

using WorktreeIsolator.Configuration;
using WorktreeIsolator.Git;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.MergeBack;

/// <summary>
/// Takes the work of an engine that ended with 0 to where the project wants it: lands it, pushes it, or keeps it. Nothing that needs a
/// person's eyes goes further than the run branch.
/// </summary>
/// <param name="project">The project.</param>
/// <param name="target">Where the work is to go.</param>
/// <param name="place">The branch to land on; null if there is none.</param>
/// <param name="landing">Lands on it.</param>
/// <param name="push">Pushes.</param>
/// <param name="unseen">What no run may land unseen.</param>
/// <param name="runId">The run.</param>
internal sealed class WorkDelivery(
    ProjectConfig project, WorkTarget target, LandingPlace? place, WorkLanding landing, Push push, UnseenChanges unseen, string runId)
{
    /// <summary>What a process that died had delivered and not said; null if nothing.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="project">The project.</param>
    /// <param name="target">Where the work was to go.</param>
    /// <param name="branch">The run branch.</param>
    /// <param name="notes">What landings and pushes of the run have noted.</param>
    public static WorkOutcome? FindDelivered(
        Repository repository, ProjectConfig project, WorkTarget target, BranchName branch, IReadOnlyList<string> notes)
    {
        if (target.Policy == MergeBackPolicy.Push)
        {
            return Push.FindPushed(repository, target.PushedTo(project, branch), notes) is { } pushed ? new WorkOutcome(MergeBackResult.Pushed, pushed) : null;
        }

        return Landing.FindLanded(repository, target.Branch, notes) is { } landed ? new WorkOutcome(MergeBackResult.Landed, landed) : null;
    }

    /// <summary>Delivers.</summary>
    /// <param name="tip">The work; a ref holds it already.</param>
    /// <param name="unfinished">Why nothing of it may go further, and what a person can do about it; null if it may.</param>
    /// <param name="baseCommit">What the run began from.</param>
    /// <param name="branch">The run branch.</param>
    /// <param name="message">For a merge commit.</param>
    /// <param name="cancellation">Ends waiting, and a push; never a landing under way.</param>
    public WorkOutcome Deliver(
        CommitId tip, (string Why, string Remedy)? unfinished, CommitId baseCommit, BranchName branch, string message, CancellationToken cancellation)
    {
        if (unfinished is var (why, remedy))
        {
            return Blocked(tip, $"The worktree was left unfinished: {why}.", $"{remedy} in the worktree that was kept, then");
        }

        if (tip == baseCommit)
        {
            return new WorkOutcome(MergeBackResult.Nothing, null);
        }

        if (target.Policy is MergeBackPolicy.Branch or MergeBackPolicy.None)
        {
            return new WorkOutcome(MergeBackResult.Kept, tip);
        }

        if (unseen.WhyBlocked(tip, baseCommit, branch) is { } blocked)
        {
            return Blocked(tip, blocked.Why, blocked.Hint);
        }

        return place is null ? PushRunBranch(tip, branch, cancellation) : landing.Land(place, tip, message, cancellation);
    }

    private WorkOutcome PushRunBranch(CommitId tip, BranchName branch, CancellationToken cancellation)
    {
        return push.Try(target.PushedTo(project, branch), tip, tip, null, cancellation) switch
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

using WorktreeIsolator.Git;

namespace WorktreeIsolator.RunDirectories;

/// <summary>The refs of a run that is over: its branch, and the rescue ref that keeps what the branch does not. Needs no worktree.</summary>
internal sealed class RunRefs(Repository repository, string runId, BranchName branch, string worktree, CommitId baseCommit)
{
    private readonly RescueRef _rescue = new(repository, runId);

    /// <summary>Where the run branch is; null if it is gone.</summary>
    public CommitId? BranchTip => CommitId.TryParse(repository.Git.ReadOnly().Try(["rev-parse", "--verify", "--quiet", branch.Ref]).Output);

    /// <summary>The rescue ref; null if there is none.</summary>
    public string? RescueRef => _rescue.NameIfThere;

    /// <summary>What the rescue ref names; null if there is none.</summary>
    public CommitId? RescueTip => _rescue.Read();

    /// <summary>The branch or tag, apart from the run's own, that holds a commit for good; null if none does.</summary>
    public string? HolderOf(CommitId commit) => repository.Git.ReadOnly()
        .Run(["for-each-ref", "--format=%(refname)", "--contains", commit.ToString(), "refs/heads/", "refs/tags/"]).Output.Split('\n')
        .FirstOrDefault(name => name.Length > 0 && name != branch.Ref);

    /// <summary>Puts the tip of the run branch under the rescue ref, beside what that holds already.</summary>
    public void HoldBranch(CommitId tip) => _ = _rescue.Add(new RescuedCommit("branch", tip));

    /// <summary>Holds what only the registration of a worktree knows whose files are gone: its index, a detached HEAD, its reflog.</summary>
    /// <returns>Whether there was anything.</returns>
    /// <exception cref="WorktreeIsolatorException">It holds what no ref can hold: the registration has to stay.</exception>
    public bool HoldFromRegistration()
    {
        if (RegisteredWorktree.TryFindGone(repository, worktree, branch, baseCommit) is not { } gone)
        {
            return false;
        }

        var rescue = Rescue.OfGone(repository, gone, repository.Git, runId, []);
        var held = rescue.KeepWhatAdminDirectoryHolds() is not null;
        return rescue.WhyRegistrationStays is not { } why
            ? held
            : throw new WorktreeIsolatorException(
                FailureKind.Usage,
                $"The directory of the worktree of run {runId} is gone, and {why}.",
                rescue.HowRegistrationGoes);
    }

    /// <summary>Deletes the run branch if it is still where it was and nobody has it checked out: without it their HEAD would be unborn.</summary>
    /// <returns>Why it is still there, as a clause; null if it was deleted.</returns>
    public static string? WhyNotDeleted(Repository repository, BranchName branch, CommitId tip, string runId)
    {
        if (WorktreeList.Read(repository).FirstOrDefault(entry => entry.BranchRef == branch.Ref) is { } user)
        {
            return $"it is checked out in '{user.Path}'";
        }

        // Not through it: an engine may have made it a symbolic ref to a branch of the user's.
        var result = repository.DeleteRef(branch.Ref, tip, runId);
        return result.Succeeded ? null : $"git refused: {result.Error.Trim()}";
    }
}

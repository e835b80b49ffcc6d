using WorktreeIsolator.Git;

namespace WorktreeIsolator.RunDirectories;

/// <summary>The refs of a run that is over: its branch, and the rescue ref that keeps what the branch does not. Needs no worktree.</summary>
internal sealed class RunRefs(Repository repository, string runId, BranchName branch, string worktree, CommitId? baseCommit)
{
    private readonly string _adminDirectory = Path.Combine(repository.CommonDirectory, "worktrees", runId);

    /// <summary>Where the run branch is; null if it is gone.</summary>
    public CommitId? BranchTip => CommitId.TryParse(repository.Git.ReadOnly().Try(["rev-parse", "--verify", "--quiet", branch.Ref]).Output);

    /// <summary>The rescue ref; null if there is none.</summary>
    public string? RescueRef =>
        $"refs/wt-run/{runId}" is var name && repository.Git.ReadOnly().Try(["show-ref", "--verify", "--quiet", name]).Succeeded ? name : null;

    /// <summary>The branch or tag, apart from the run's own, that holds a commit for good; null if none does.</summary>
    public string? HolderOf(CommitId commit) => repository.Git.ReadOnly()
        .Run(["for-each-ref", "--format=%(refname)", "--contains", commit.ToString(), "refs/heads/", "refs/tags/"]).Output.Split('\n')
        .FirstOrDefault(name => name.Length > 0 && name != branch.Ref);

    /// <summary>Puts a commit under the rescue ref, joined with what that holds already.</summary>
    public void Hold(CommitId commit) =>
        _ = new Rescue(repository, new RegisteredWorktree(worktree, _adminDirectory, branch, commit), repository.Git, runId, []).Hold(commit);

    /// <summary>Holds the commits that only the admin directory of a worktree knows whose files are gone: a detached HEAD, its reflog.</summary>
    /// <returns>Whether there were any.</returns>
    public bool HoldLooseCommits()
    {
        var loose = Directory.Exists(_adminDirectory) ? LooseCommits.Find(repository, _adminDirectory, baseCommit) : [];
        foreach (var commit in loose)
        {
            Hold(commit);
        }

        return loose.Count > 0;
    }

    /// <summary>Deletes the run branch if it is still where it was.</summary>
    public GitResult DeleteBranch(CommitId tip) => repository.Git.Try(["update-ref", "-d", branch.Ref, tip.ToString()]);
}

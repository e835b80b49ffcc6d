namespace WorktreeIsolator.Git;

/// <summary>Makes a run's worktree hold exactly one commit, so that what is verified or rebased in it is that and nothing else.</summary>
internal static class ExactCheckout
{
    /// <summary>
    /// Detaches HEAD there and throws away every change and untracked file; what git ignores and repositories of their own stay. Whoever
    /// calls has made sure that a ref holds all of it.
    /// </summary>
    public static void Of(GitCommand worktreeGit, CommitId commit, CancellationToken cancellation = default)
    {
        var git = worktreeGit.WithoutHooks().WithTimeout(GitCommand.ContentTimeout);
        git.Run(["checkout", "--quiet", "--force", "--detach", "--no-recurse-submodules", commit.ToString()], cancellation);
        git.Run(["clean", "--quiet", "--force", "-d"], cancellation);
    }
}

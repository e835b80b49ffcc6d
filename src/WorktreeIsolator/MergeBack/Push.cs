using WorktreeIsolator.Git;

namespace WorktreeIsolator.MergeBack;

/// <summary>What came of a push.</summary>
internal abstract record PushOutcome;

/// <summary>The remote confirmed that the branch is the commit.</summary>
internal sealed record HasPushed : PushOutcome;

/// <summary>The remote, or a hook, refused.</summary>
/// <param name="Why">What git said.</param>
/// <param name="IsBehind">Whether the branch there has commits that ours lacks: a fresh merge may help.</param>
internal sealed record PushRejected(string Why, bool IsBehind) : PushOutcome;

/// <summary>Pushes a commit to a branch of a remote: never forced, and confirmed there before anyone relies on it.</summary>
internal sealed class Push(GitCommand worktreeGit, string remote, bool runHooks)
{
    /// <summary>Pushes and asks the remote what it has.</summary>
    public PushOutcome Try(CommitId commit, string branchRef, CancellationToken cancellation)
    {
        try
        {
            return PushAndAsk(commit, branchRef, cancellation);
        }
        catch (GitException e)
        {
            // It took too long, or the remote could not be asked.
            return new PushRejected(e.Error.Trim(), IsBehind: false);
        }
    }

    private PushOutcome PushAndAsk(CommitId commit, string branchRef, CancellationToken cancellation)
    {
        var git = worktreeGit.WithTimeout(GitCommand.NetworkTimeout);
        string[] arguments = ["push", "--porcelain", "--no-follow-tags", "--recurse-submodules=no", "--no-signed", "--no-force-with-lease"];
        var result = git.Try(
            [.. arguments, .. runHooks ? Array.Empty<string>() : ["--no-verify"], remote, $"{commit}:{branchRef}"], cancellation);
        if (!result.Succeeded)
        {
            var why = string.Join('\n', new[] { result.Output, result.Error.Trim() }.Where(text => text.Length > 0));
            var isBehind = why.Contains("[rejected]", StringComparison.Ordinal);
            return new PushRejected(why, isBehind);
        }

        var there = git.ReadOnly().Run(["ls-remote", "--quiet", remote, branchRef], cancellation).Output;
        return there.StartsWith(commit.ToString(), StringComparison.Ordinal)
            ? new HasPushed()
            : new PushRejected($"The push seemed to succeed, but '{remote}' says '{there}' for {branchRef}.", IsBehind: false);
    }
}

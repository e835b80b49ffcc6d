using WorktreeIsolator.Configuration;
using WorktreeIsolator.Git;

namespace WorktreeIsolator.MergeBack;

/// <summary>What bringing a commit into a branch comes to.</summary>
internal abstract record MergeOutcome;

/// <summary>The target holds everything already.</summary>
/// <param name="IsMerged">Whether it holds the commits themselves; else all that they change is there by other commits, or they change nothing.</param>
internal sealed record NothingToMerge(bool IsMerged) : MergeOutcome;

/// <summary>The target has to become this commit, which descends from it.</summary>
/// <param name="Commit">The commit to land.</param>
/// <param name="IsNew">Whether it was made for this and no ref holds it yet.</param>
internal sealed record Mergeable(CommitId Commit, bool IsNew) : MergeOutcome;

/// <summary>Both sides changed the same.</summary>
/// <param name="Paths">Relative to the top of the repository.</param>
internal sealed record MergeConflict(IReadOnlyList<string> Paths) : MergeOutcome;

/// <summary>The target and the work have no commit in common.</summary>
internal sealed record UnrelatedHistories : MergeOutcome;

/// <summary>The work holds merges, and a rebase, which leaves them out, would lose changes that were made in them.</summary>
/// <param name="Paths">What would be lost, relative to the top of the repository.</param>
internal sealed record MergesLost(IReadOnlyList<string> Paths) : MergeOutcome;

/// <summary>The target has moved on, and <c>merge_style = "ff"</c> allows nothing but moving it forward.</summary>
internal sealed record NotFastForward : MergeOutcome;

/// <summary>
/// Makes the commit that is to land, without touching any branch or file: merge-tree and commit-tree work on objects. It works
/// on commit ids: an unknown name exits 1, like a conflict.
/// </summary>
/// <param name="worktreeGit">
/// git in the run's worktree, started at its top: merge-tree finds the merge drivers of .gitattributes nowhere else (git 2.39).
/// </param>
/// <param name="identity">Author and committer, where git would find none.</param>
internal sealed class Merge(GitCommand worktreeGit, IReadOnlyDictionary<string, string> identity)
{
    /// <summary>Computes what lands.</summary>
    /// <param name="target">Tip of the target; null if the branch does not exist yet.</param>
    /// <param name="tip">Tip of the run's work.</param>
    /// <param name="style">How the work is put onto a target that has moved on.</param>
    /// <param name="message">For a commit that has to be made.</param>
    public MergeOutcome Compute(CommitId? target, CommitId tip, MergeStyle style, string message)
    {
        if (target is not { } old)
        {
            return new Mergeable(tip, IsNew: false);
        }

        var counts = worktreeGit.ReadOnly().Run(["rev-list", "--count", "--left-right", $"{old}...{tip}"]).Output.Split('\t');
        if (counts[1] == "0")
        {
            return new NothingToMerge(IsMerged: true);
        }

        if (counts[0] == "0" && style != MergeStyle.Squash)
        {
            return new Mergeable(tip, IsNew: false);
        }

        return style switch
        {
            MergeStyle.FastForward => new NotFastForward(),
            MergeStyle.Rebase => Rebase(old, tip),
            _ => MergeTrees(old, tip, style, message),
        };
    }

    private MergeOutcome MergeTrees(CommitId target, CommitId tip, MergeStyle style, string message)
    {
        if (TreeOf(target, tip, out var tree) is { } failure)
        {
            return failure;
        }

        if (style == MergeStyle.Squash && tree == worktreeGit.ReadOnly().Run(["rev-parse", $"{target}^{{tree}}"]).Output)
        {
            return new NothingToMerge(IsMerged: false);
        }

        string[] parents = style == MergeStyle.Squash ? ["-p", target.ToString()] : ["-p", target.ToString(), "-p", tip.ToString()];
        var commit = Committer().WithInput(message).Run(["commit-tree", "--no-gpg-sign", .. parents, "-F", "-", tree!]).Output;
        return new Mergeable(CommitId.Parse(commit), IsNew: true);
    }

    /// <summary>The tree of a merge; what stands against it, or null.</summary>
    private MergeOutcome? TreeOf(CommitId target, CommitId tip, out string? tree)
    {
        string[] arguments = ["merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", target.ToString(), tip.ToString()];
        var result = worktreeGit.WithTimeout(GitCommand.ContentTimeout).Try(arguments);
        tree = null;
        if (result.Error.Contains("unrelated histories", StringComparison.Ordinal))
        {
            return new UnrelatedHistories();
        }

        if (result.ExitCode is not (0 or 1))
        {
            throw new GitException(arguments, result.ExitCode, result.Error);
        }

        var fields = result.Fields;
        tree = fields[0];
        return result.ExitCode == 1 ? new MergeConflict([.. fields.Skip(1).Distinct(StringComparer.Ordinal)]) : null;
    }

    /// <summary>In the run's worktree, on a detached HEAD: the run branch stays where the engine left it.</summary>
    private MergeOutcome Rebase(CommitId target, CommitId tip)
    {
        ExactCheckout.Of(worktreeGit, tip);
        var git = Committer().WithoutHooks().WithTimeout(GitCommand.ContentTimeout)
            .Configured("rebase.autoStash", "false").Configured("rebase.updateRefs", "false").Configured("commit.gpgSign", "false");
        var result = git.Try(["rebase", "--quiet", "--no-autostash", "--no-gpg-sign", "--merge", target.ToString(), tip.ToString()]);
        if (result.Succeeded)
        {
            var rebased = CommitId.Parse(git.ReadOnly().Run(["rev-parse", "HEAD"]).Output);
            return (MergeOutcome?)LostMerges(target, tip, rebased) ?? (rebased == target ? new NothingToMerge(IsMerged: false) : new Mergeable(rebased, IsNew: true));
        }

        var conflicts = git.ReadOnly().Run(["diff", "--name-only", "--diff-filter=U", "-z"]).Fields;
        _ = git.Try(["rebase", "--abort"]);
        return conflicts.Length > 0
            ? new MergeConflict(conflicts)
            : throw new GitException(["rebase", target.ToString(), tip.ToString()], result.ExitCode, result.Error);
    }

    /// <summary>A rebase leaves merges out, and with them whatever was changed or resolved in them: what a merge would give must be what it gave.</summary>
    private MergesLost? LostMerges(CommitId target, CommitId tip, CommitId rebased)
    {
        var git = worktreeGit.ReadOnly();
        if (git.Run(["rev-list", "--count", "--merges", $"{target}..{tip}"]).Output == "0")
        {
            return null;
        }

        var lost = TreeOf(target, tip, out var tree) is MergeConflict conflict
            ? conflict.Paths
            : git.Run(["diff-tree", "-r", "-z", "--name-only", "--no-renames", rebased.ToString(), tree!]).Fields;
        return lost.Count > 0 ? new MergesLost(lost) : null;
    }

    private GitCommand Committer() => identity.Aggregate(worktreeGit, (git, variable) => git.With(variable.Key, variable.Value));
}

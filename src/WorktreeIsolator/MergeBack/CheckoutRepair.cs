using WorktreeIsolator.Git;
using WorktreeIsolator.Platform;

namespace WorktreeIsolator.MergeBack;

/// <summary>
/// Takes back what a fast-forward of a user's checkout did and should not have: <c>merge --ff-only</c> writes the files before it moves
/// the branch, so it can stop in between (a hook, a lock, a smudge filter, a full disk), and moves whatever branch HEAD names at that moment
/// (git 2.39).
/// </summary>
/// <param name="checkout">git in the checkout.</param>
/// <param name="top">The top of the checkout.</param>
/// <param name="mark">What the merge writes into the reflog, by which it is known again.</param>
internal sealed class CheckoutRepair(GitCommand checkout, string top, string mark)
{
    // What git says if it has looked at everything and begun nothing.
    private static readonly string[] BeforeAnythingIsWritten =
        ["would be overwritten by", "would be removed by", "would lose untracked files", "Not possible to fast-forward", ".lock': File exists"];

    /// <summary>git in the checkout, for the merge.</summary>
    public GitCommand Marked => checkout.With("GIT_REFLOG_ACTION", mark);

    /// <summary>
    /// After a merge that failed: brings index and files from wherever it stopped back to <paramref name="before"/>. The user's own changes
    /// stay: git begins only if none is in a path that it has to write.
    /// </summary>
    /// <returns>False if something of it is still there.</returns>
    public bool TakeBack(CommitId before, CommitId commit, string error)
    {
        if (Array.Exists(BeforeAnythingIsWritten, words => error.Contains(words, StringComparison.Ordinal)) && !error.Contains("update_ref", StringComparison.Ordinal))
        {
            return true;
        }

        var git = checkout.WithTimeout(null);
        var changed = TreeChange.Between(git, before, commit);
        var inIndex = git.ReadOnly().Run(["diff-index", "--cached", "--name-only", "--no-renames", "-z", before.ToString()]).Fields.ToHashSet(StringComparer.Ordinal);
        return changed.Any(change => inIndex.Contains(change.Path))
            ? git.Try(["read-tree", "-m", "-u", commit.ToString(), before.ToString()]).Succeeded
            : TakeBackFiles(git, changed);
    }

    /// <summary>The index was not written yet: it still says what the files were.</summary>
    private bool TakeBackFiles(GitCommand git, IReadOnlyList<TreeChange> changed)
    {
        // First what takes room: the disk may be full.
        var isClean = true;
        foreach (var added in changed.Where(change => change.IsAdded))
        {
            isClean &= TakeBackNewFile(git, added);
        }

        var written = git.ReadOnly().Run(["diff-files", "--name-only", "--no-renames", "-z"]).Fields.ToHashSet(StringComparer.Ordinal);
        var old = changed.Where(change => !change.IsAdded && written.Contains(change.Path)).ToLookup(change => IsFree(change) || IsGits(git, change), change => change.Path);

        // Without --index: that needs the lock of the index, which a git that was killed has left.
        return isClean && !old[false].Any()
            & (!old[true].Any() || git.WithInput(string.Join('\0', old[true]) + "\0").Try(["checkout-index", "--force", "-z", "--stdin"]).Succeeded);
    }

    /// <summary>A new file goes if git wrote it; whatever else came there meanwhile stays.</summary>
    private bool TakeBackNewFile(GitCommand git, TreeChange added)
    {
        if (IsFree(added))
        {
            return true;
        }

        if (!IsGits(git, added))
        {
            return false;
        }

        AnyFile.DeleteUpTo(Path.Combine(top, added.Path), top);
        return true;
    }

    private bool IsFree(TreeChange change) => Path.Combine(top, change.Path) is var path && (!AnyFile.Exists(path) || AnyFile.IsDirectory(path));

    /// <summary>Whether what lies there is what git wrote for the second commit: all of it, or as much as it got to.</summary>
    private bool IsGits(GitCommand git, TreeChange change)
    {
        var path = Path.Combine(top, change.Path);
        if (AnyFile.LinkTarget(path) is { } link)
        {
            return git.ReadOnly().Try(["cat-file", "blob", change.Object]).Output == link;
        }

        if (AnyFile.LengthOf(path) == 0 || git.ReadOnly().Try(["hash-object", "--", change.Path]).Output == change.Object)
        {
            return true;
        }

        var whole = git.ReadOnly().Try(["cat-file", "--filters", $"--path={change.Path}", change.Object]);
        return whole.Succeeded && whole.RawOutput.AsSpan().StartsWith(AnyFile.ReadAllBytes(path));
    }

    /// <summary>Moves another branch back, with its files, if the merge has just moved it; the user's own changes stay.</summary>
    public void MoveBackOtherBranch(BranchName target, CommitId commit)
    {
        var head = checkout.ReadOnly().Try(["symbolic-ref", "--quiet", "HEAD"]).Output;
        var last = checkout.ReadOnly().Try(["reflog", "-1", "--format=%H %gs", "HEAD"]).Output;
        if (head != target.Ref && last.StartsWith($"{commit} {mark}", StringComparison.Ordinal))
        {
            checkout.WithTimeout(null).Run(["reset", "--quiet", "--keep", "HEAD@{1}"]);
        }
    }
}

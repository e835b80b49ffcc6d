namespace WorktreeIsolator.Git;

/// <summary>Finds merges, rebases and the like that were begun in a worktree and not ended, from the files git keeps for them.</summary>
internal static class OperationInProgress
{
    private static readonly (string File, string Name)[] Signs =
    [
        ("rebase-merge", "rebase"), ("rebase-apply", "rebase or am"), ("MERGE_HEAD", "merge"), ("CHERRY_PICK_HEAD", "cherry-pick"),
        ("REVERT_HEAD", "revert"), ("BISECT_LOG", "bisect"),
    ];

    /// <summary>The name of the operation under way; null if there is none.</summary>
    /// <param name="gitDirectory">The worktree's admin directory; the common directory for the main worktree.</param>
    public static string? In(string gitDirectory) =>
        Array.Find(Signs, sign => Path.Exists(Path.Combine(gitDirectory, sign.File))).Name;

    /// <summary>Whether an operation under way will write a branch when it ends, though it is checked out nowhere meanwhile.</summary>
    public static bool Claims(string gitDirectory, string branchRef)
    {
        foreach (var name in new[] { "rebase-merge/head-name", "rebase-apply/head-name", "rebase-merge/update-refs" })
        {
            if (Lines(Path.Combine(gitDirectory, name)).Contains(branchRef, StringComparer.Ordinal))
            {
                return true;
            }
        }

        return Lines(Path.Combine(gitDirectory, "BISECT_START")).Contains(branchRef["refs/heads/".Length..], StringComparer.Ordinal);
    }

    private static string[] Lines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return [];
        }
    }
}

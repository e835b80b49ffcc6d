using WorktreeIsolator.Platform;

namespace WorktreeIsolator.Git;

/// <summary>One worktree as <c>git worktree list</c> shows it.</summary>
/// <param name="Path">Where it is (or was).</param>
/// <param name="Head">The commit checked out; null if HEAD is unborn or it is bare.</param>
/// <param name="BranchRef">Full name of the branch checked out; null if detached or bare.</param>
/// <param name="IsBare">Whether this entry is a bare repository, which has no files.</param>
/// <param name="LockReason">Null if it is not locked.</param>
internal sealed record WorktreeEntry(string Path, CommitId? Head, string? BranchRef, bool IsBare, string? LockReason);

/// <summary>All worktrees of a repository, the main one first.</summary>
internal static class WorktreeList
{
    /// <summary>Asks git.</summary>
    public static IReadOnlyList<WorktreeEntry> Read(Repository repository)
    {
        var entries = Parse(repository.Git.ReadOnly().Run(["worktree", "list", "--porcelain", "-z"]).RawOutput);

        // Where the git directory lies elsewhere (--separate-git-dir, a submodule), git names that instead of the main worktree (2.39).
        // And where a bare repository says so in a configuration of its own, git takes it for a worktree.
        return repository switch
        {
            { IsBare: true } when !entries[0].IsBare => [entries[0] with { IsBare = true }, .. entries.Skip(1)],
            { MainTop: { } main } when !entries[0].IsBare => [entries[0] with { Path = main }, .. entries.Skip(1)],
            _ => entries,
        };
    }

    /// <summary>Reads <c>worktree list --porcelain -z</c>: NUL-ended attributes, an empty one between entries (git 2.36).</summary>
    public static IReadOnlyList<WorktreeEntry> Parse(byte[] output)
    {
        var entries = new List<WorktreeEntry>();
        WorktreeEntry? current = null;
        foreach (var line in ByteText.Decode(output).Split('\0'))
        {
            if (line.Length == 0)
            {
                if (current is not null)
                {
                    entries.Add(current);
                }

                current = null;
                continue;
            }

            var space = line.IndexOf(' ', StringComparison.Ordinal);
            var (key, value) = space < 0 ? (line, "") : (line[..space], line[(space + 1)..]);
            current = key switch
            {
                "worktree" => new WorktreeEntry(value, null, null, false, null),
                "HEAD" => current! with { Head = value.All(c => c == '0') ? null : CommitId.TryParse(value) },
                "branch" => current! with { BranchRef = value },
                "bare" => current! with { IsBare = true },
                "locked" => current! with { LockReason = value },
                _ => current,
            };
        }

        return entries;
    }
}

using WorktreeIsolator.Platform;

namespace WorktreeIsolator.Queueing;

/// <summary>
/// Who may work in a working tree that a person uses: runs in place, each for as long as it runs, and a landing, for the moment in which it
/// moves the files. One lock per working tree, keyed by its top (git's own name for it), not by the project: two projects in one tree share it.
/// Runs of a project with <c>concurrent = true</c> share the lock with each other; a landing, and a run with <c>concurrent = false</c>, has it alone.
/// </summary>
internal static class DirectoryTurn
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(20);

    /// <summary>The lock file of the working tree that git calls <paramref name="gitDirectory"/>.</summary>
    /// <param name="stateDirectory">The repository's state directory.</param>
    /// <param name="gitDirectory">Its admin directory; the common directory for the main one; null without git.</param>
    public static string PathFor(string stateDirectory, string? gitDirectory)
    {
        var isLinked = gitDirectory is not null && Path.GetFileName(Path.GetDirectoryName(gitDirectory)) == "worktrees"
            && Path.GetDirectoryName(stateDirectory) != gitDirectory;
        return Path.Combine(stateDirectory, "turns", isLinked ? $"linked-{Path.GetFileName(gitDirectory)}.lock" : "main.lock");
    }

    /// <summary>The queue of those who want a turn alone, as tickets.</summary>
    /// <param name="path">The lock file of the working tree.</param>
    public static string QueueFor(string path) =>
        Path.Combine(Path.GetDirectoryName(Path.GetDirectoryName(path))!, "queue", Path.GetFileNameWithoutExtension(path));

    /// <summary>Takes the turn if nobody is in the way; null otherwise.</summary>
    public static FileLock? TryTake(string path, bool shared, string holder)
    {
        Sharing.CreateDirectory(Path.GetDirectoryName(path)!);
        var taken = FileLock.TryAcquire(path, shared);
        taken?.Describe(holder);
        return taken;
    }

    /// <summary>Waits for the turn; null if the time was over.</summary>
    public static FileLock? Take(string path, bool shared, string holder, TimeSpan timeout, CancellationToken cancellation)
    {
        Sharing.CreateDirectory(Path.GetDirectoryName(path)!);
        var taken = FileLock.Acquire(path, timeout, LongestPause, shared, cancellation);
        taken?.Describe(holder);
        return taken;
    }
}

using System.Globalization;
using WorktreeIsolator.Git;
using WorktreeIsolator.Platform;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.RunDirectories;

/// <summary>What keeps everyone, or this user, from going on with a session, and what helps: what a person did with its worktree or branch, or whose it is.</summary>
/// <param name="Why">A clause.</param>
/// <param name="Help">What they type.</param>
internal sealed record SessionObstacle(string Why, string Help)
{
    /// <summary>Whether git has the worktree elsewhere. Records, removal and prune go by where it was made, so it is not followed there.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="name">The session.</param>
    /// <param name="path">Where its worktree was made.</param>
    public static SessionObstacle? Moved(Repository repository, SessionName name, string path)
    {
        if (Path.Exists(path))
        {
            return null;
        }

        // Locked, it is known by whom it is locked for; unlocked, by the name that git gave its admin directory when it was made.
        var moved = WorktreeList.Read(repository).FirstOrDefault(entry => WorktreeRegistration.SessionThatLocked(entry) == name && Directory.Exists(entry.Path))?.Path
            ?? RegisteredWorktree.FindMoved(repository, path);
        return moved is null ? null : new SessionObstacle($"its worktree was moved to '{moved}'", StrayWorktree.MoveBack(moved, path));
    }

    /// <summary>Whether the branch is checked out in another worktree, too: what a run commits there would look like changes of its user's.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="branch">The session's branch.</param>
    /// <param name="path">The session's own worktree, whether it is there or not.</param>
    public static SessionObstacle? CheckedOutElsewhere(Repository repository, BranchName branch, string path) =>
        WorktreeList.Read(repository).FirstOrDefault(entry => entry.BranchRef == branch.Ref && entry.Path != path) is { } user
            ? new SessionObstacle($"its branch '{branch}' is checked out in '{user.Path}'", $"git -C {ShellWords.Quoted(user.Path)} switch --detach")
            : null;

    /// <summary>
    /// Whether the worktree is another user's and cannot be written by this one: git's checkouts, and its files about them, are by their maker's umask, also
    /// where the repository is shared.
    /// </summary>
    /// <param name="repository">The repository.</param>
    /// <param name="name">The session.</param>
    /// <param name="path">Where its worktree was made, whether it is there or not.</param>
    public static SessionObstacle? OfAnotherUser(Repository repository, SessionName name, string path)
    {
        var us = Libc.GetEuid();
        string[] parts = [path, Path.Combine(repository.CommonDirectory, "worktrees", Path.GetFileName(path))];
        var other = Array.Find(parts, part => Directory.Exists(part) && !NearestDirectory.IsWritable(part) && AnyFile.OwnerOf(part) != us);
        return other is null ? null : new SessionObstacle(
            string.Create(CultureInfo.InvariantCulture, $"its worktree '{path}' was made by another user (uid {AnyFile.OwnerOf(other)}; this is uid {us}) and cannot be written by this one"),
            $"wt-run land {name}   # as that user, or: wt-run drop {name}. This user's runs can use a session of another name");
    }

    /// <summary>The error of who wanted to go on with the session.</summary>
    /// <param name="name">The session.</param>
    public WorktreeIsolatorException ErrorOf(SessionName name) =>
        new(FailureKind.Git, $"Session '{name}' cannot go on: {Why}.", $"Nothing was touched. To go on with it, first:\n{Help}");
}

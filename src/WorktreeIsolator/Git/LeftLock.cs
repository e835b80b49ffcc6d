using System.Diagnostics;
using WorktreeIsolator.Platform;
using WorktreeIsolator.Processes;

namespace WorktreeIsolator.Git;

/// <summary>
/// The lock that git takes to move a branch, <c>packed-refs.lock</c>, which every deletion of a ref takes for a moment, and the one of its maintenance,
/// which every commit looks after. A git that is killed just then leaves it, and from then on nobody can move that branch, or delete any ref in the
/// repository (git 2.39 tries for a second, then gives up), or git never tidies the repository up again, and does not say so.
/// </summary>
internal static class LeftLock
{
    // git holds it for milliseconds; what outlives this is looked at again by the next who has a reason to.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>Of the maintenance, relative to the common directory. git may hold it for as long as that takes.</summary>
    private const string Maintenance = "objects/maintenance";

    /// <summary>The kernel dates a file with the time of its last tick, which is at most this old (100 ticks a second, or more).</summary>
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(10);

    /// <summary>
    /// Removes it, if no git that was at work in the repository when it was there is any more. Only for who knows that a git was killed, or may have been.
    /// </summary>
    /// <param name="repository">The repository.</param>
    /// <param name="since">When the git that was killed cannot yet have been at work: a lock that is older is not its.</param>
    /// <param name="locked">What it locks.</param>
    public static void Remove(Repository repository, DateTimeOffset since, string locked = "packed-refs") =>
        Remove(Path.Combine(repository.CommonDirectory, locked + ".lock"), since, Patience, () => AtWork(repository));

    /// <summary>The same for the lock of git's maintenance, which nothing of ours needs: nobody waits for the git that may hold it.</summary>
    public static void RemoveOfMaintenance(Repository repository, DateTimeOffset since) =>
        Remove(Path.Combine(repository.CommonDirectory, Maintenance + ".lock"), since, TimeSpan.Zero, () => AtWork(repository));

    /// <summary>The locks of a checkout's own: its index, HEAD, and where that was before (<c>git merge</c> and <c>git reset</c> write it).</summary>
    /// <param name="gitDirectory">Its own git directory.</param>
    public static IReadOnlyList<string> OfCheckout(string gitDirectory) =>
        [Path.Combine(gitDirectory, "index.lock"), Path.Combine(gitDirectory, "HEAD.lock"), Path.Combine(gitDirectory, "ORIG_HEAD.lock")];

    /// <summary>The same for those of a checkout, which only a git takes that works in it: not one in a worktree below it.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="since">When the git that was killed cannot yet have been at work.</param>
    /// <param name="path">The checkout.</param>
    /// <param name="gitDirectory">Its own git directory.</param>
    public static void RemoveOfCheckout(Repository repository, DateTimeOffset since, string path, string gitDirectory)
    {
        foreach (var file in OfCheckout(gitDirectory))
        {
            Remove(file, since, Patience, () => GitAtWork.In([path], [.. WorktreeList.Read(repository).Select(entry => entry.Path).Where(other => other != path)]));
        }
    }

    private static List<ProcessIdentity> AtWork(Repository repository) =>
        GitAtWork.In([repository.CommonDirectory, .. WorktreeList.Read(repository).Select(entry => entry.Path)]);

    private static void Remove(string file, DateTimeOffset since, TimeSpan patience, Func<List<ProcessIdentity>> atWork)
    {
        if (!File.Exists(file) || File.GetLastWriteTimeUtc(file) is var made && made < since.UtcDateTime - Tick)
        {
            return;
        }

        var clock = Stopwatch.StartNew();
        var suspects = atWork();
        while (File.Exists(file) && File.GetLastWriteTimeUtc(file) == made)
        {
            if (!suspects.Exists(process => process.IsAlive))
            {
                File.Delete(file);
                return;
            }

            if (clock.Elapsed >= patience)
            {
                return;
            }

            Waiting.Pause(Pause, CancellationToken.None);
        }
    }
}

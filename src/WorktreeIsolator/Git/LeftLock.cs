using System.Diagnostics;
using WorktreeIsolator.Platform;

namespace WorktreeIsolator.Git;

/// <summary>
/// The lock that git takes to move a branch, and <c>packed-refs.lock</c>, which every deletion of a ref takes for a moment. A git that is killed just
/// then leaves it, and from then on nobody can move that branch, or delete any ref in the repository (git 2.39 tries for a second, then gives up).
/// </summary>
internal static class LeftLock
{
    // git holds it for milliseconds; what outlives this is looked at again by the next who has a reason to.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>The kernel dates a file with the time of its last tick, which is at most this old (100 ticks a second, or more).</summary>
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(10);

    /// <summary>
    /// Removes it, if no git that was at work in the repository when it was there is any more. Only for who knows that a git was killed, or may have been.
    /// </summary>
    /// <param name="repository">The repository.</param>
    /// <param name="since">When the git that was killed cannot yet have been at work: a lock that is older is not its.</param>
    /// <param name="locked">What it locks.</param>
    public static void Remove(Repository repository, DateTimeOffset since, string locked = "packed-refs")
    {
        var file = Path.Combine(repository.CommonDirectory, locked + ".lock");
        if (!File.Exists(file) || File.GetLastWriteTimeUtc(file) is var made && made < since.UtcDateTime - Tick)
        {
            return;
        }

        var clock = Stopwatch.StartNew();
        var suspects = GitAtWork.In([repository.CommonDirectory, .. WorktreeList.Read(repository).Select(entry => entry.Path)]);
        while (File.Exists(file) && File.GetLastWriteTimeUtc(file) == made && clock.Elapsed < Patience)
        {
            if (!suspects.Exists(process => process.IsAlive))
            {
                File.Delete(file);
                return;
            }

            Waiting.Pause(Pause, CancellationToken.None);
        }
    }
}
